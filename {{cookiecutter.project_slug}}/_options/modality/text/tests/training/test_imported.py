"""A text model's graph that was made elsewhere is taken in with the tokenizer beside it."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from package import artifact
from package.artifact import Artifact
from package.cli import NAME
from package.errors import TrainingError
from package.tokens import TOKENIZER
from package.training import data, parity
from package.training.config import Config
from package.training.imported import Importer
from package.training.made import Made
from package.training.model import Options
from package.training.train import train

Take = Callable[..., Made]


@pytest.fixture
def take(config: Config) -> Take:
    """Return a way to import a graph."""
    dataset = data.load(config.data)

    def run(path: Path, labels: tuple[str, ...], *, softmax: bool = False, **options: Any) -> Made:
        return Importer(path, labels, softmax=softmax)(dataset, Options(**options), 1)

    return run


@pytest.fixture
def folder(found: Artifact, tmp_path: Path) -> Path:
    """Return a folder with a graph and its tokenizer, and nothing else."""
    for name in (artifact.MODEL, TOKENIZER):
        shutil.copyfile(found.folder / name, tmp_path / name)
    return tmp_path


def test_a_graph_of_this_project_answers_as_before_however_often_it_is_taken_in(
    found: Artifact, folder: Path, config: Config, take: Take
) -> None:
    dataset = data.load(config.data).take(np.arange(70))
    for _ in range(3):
        made = take(folder / artifact.MODEL, found.manifest.labels)
        (folder / artifact.MODEL).write_bytes(made.files[artifact.MODEL])
    before, after = (parity.run_graph(each, dataset) for each in (found.paths, made.files))
    assert after == pytest.approx(before, abs=1e-6)


def test_what_is_taken_in_is_told(found: Artifact, folder: Path, take: Take) -> None:
    hashes = {
        f"SHA-256 of {name}": found.manifest.files[name] for name in ("model.onnx", TOKENIZER)
    }
    made = take(folder / artifact.MODEL, found.manifest.labels)
    assert made.provenance == {"source": "model.onnx", "licence": "unknown"} | hashes
    assert made.labels == found.manifest.labels
    assert made.native is None


def test_scores_become_probabilities(
    found: Artifact, folder: Path, config: Config, take: Take
) -> None:
    model = onnx.load(folder / artifact.MODEL)
    softmax = model.graph.node.pop()
    model.graph.output[0].name = softmax.input[0]
    onnx.save(model, folder / "scores.onnx")
    files = take(folder / "scores.onnx", found.manifest.labels, softmax=True).files
    dataset = data.load(config.data).take(np.arange(5))
    assert parity.run_graph(files, dataset) == pytest.approx(
        parity.run_graph(found.paths, dataset), abs=1e-6
    )


@pytest.mark.parametrize("place", ["onnx/model_int8.onnx", "models/deep/model.onnx"])
def test_the_tokenizer_lies_beside_the_graph_or_one_folder_above(
    found: Artifact, folder: Path, take: Take, place: str
) -> None:
    path = folder / place
    path.parent.mkdir(parents=True)
    (folder / artifact.MODEL).replace(path)
    if path.parent.parent == folder:
        made = take(path, found.manifest.labels)
        assert made.provenance["source"] == path.name
        assert f"SHA-256 of {place}" in made.provenance
    else:
        with pytest.raises(TrainingError, match="holds no text model that can be read"):
            take(path, found.manifest.labels)


@pytest.mark.skipif(sys.platform == "win32", reason="to make a link is a right of its own there")
def test_a_link_is_followed_for_the_graph_and_not_for_its_folder(
    found: Artifact, folder: Path, tmp_path_factory: pytest.TempPathFactory, take: Take
) -> None:
    blob = tmp_path_factory.mktemp("blobs") / "0123"
    (folder / artifact.MODEL).replace(blob)
    link = folder / "onnx" / "model.onnx"
    link.parent.mkdir()
    link.symlink_to(blob)
    assert take(link, found.manifest.labels).labels == found.manifest.labels


@pytest.mark.parametrize("labels", [(), ("a", "b"), ("a", "b", "c", "d")], ids=len)
def test_a_graph_with_other_answers_than_labels_is_refused(
    folder: Path, take: Take, labels: tuple[str, ...]
) -> None:
    with pytest.raises(TrainingError, match=rf"; {len(labels)} numbers a text are needed"):
        take(folder / artifact.MODEL, labels)


@pytest.mark.parametrize("name", [artifact.MODEL, TOKENIZER])
@pytest.mark.parametrize("content", [None, b"spoilt"], ids=["missing", "spoilt"])
def test_a_file_that_cannot_be_read_is_told(
    found: Artifact, folder: Path, take: Take, name: str, content: bytes | None
) -> None:
    (folder / name).unlink()
    if content is not None:
        (folder / name).write_bytes(content)
    with pytest.raises(TrainingError, match="holds no text model that can be read"):
        take(folder / artifact.MODEL, found.manifest.labels)


def test_a_run_makes_an_artifact_of_it(
    found: Artifact, folder: Path, config: Config, tmp_path: Path
) -> None:
    importer = Importer(folder / artifact.MODEL, found.manifest.labels, softmax=False)
    output = tmp_path / "imported"
    run = train(config, output, project=tmp_path, name=NAME, make=importer)
    manifest = artifact.load(output).manifest
    assert manifest == run.artifact.manifest
    assert manifest.parity is None
    assert manifest.metrics == pytest.approx(found.manifest.metrics, rel=1e-5)


def test_options_say_how_much_is_read_and_how_it_is_kept(
    found: Artifact, folder: Path, take: Take
) -> None:
    path = folder / artifact.MODEL
    whole = take(path, found.manifest.labels, max_tokens=7)
    small = take(path, found.manifest.labels, int8=True)
    assert b'"max_length": 7' in whole.files[TOKENIZER]
    assert len(small.files[artifact.MODEL]) < len(whole.files[artifact.MODEL])
    assert "quantisation" in small.provenance
