"""A text model's ONNX graph is imported with the tokenizer beside it."""

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from modelserve import Project, artifact
from modelserve.artifact import Artifact
from modelserve.errors import TrainingError
from modelserve.tokens import TOKENIZER
from modelserve.training import parity
from modelserve.training.config import Config
from modelserve.training.exported_model import ExportedModel
from modelserve.training.text.imported import TextImporter
from modelserve.training.text.options import TextOptions
from modelserve.training.train import train

FAMILIES = ("sentiment",)
Take = Callable[..., ExportedModel]


@pytest.fixture
def take(project: Project, config: Config) -> Take:
    """Return a way to import a graph."""
    dataset = project.load(config.data)

    def run(
        path: Path,
        labels: tuple[str, ...],
        *,
        softmax: bool = False,
        output_name: str | None = None,
        **options: Any,
    ) -> ExportedModel:
        importer = TextImporter(path, labels, softmax=softmax, output_name=output_name)
        return importer(dataset, TextOptions(**options), 1)

    return run


@pytest.fixture
def folder(trained: Artifact, tmp_path: Path) -> Path:
    """Return a folder with a graph and its tokenizer, and nothing else."""
    for name in (artifact.MODEL, TOKENIZER):
        shutil.copyfile(trained.folder / name, tmp_path / name)
    return tmp_path


def test_an_imported_graph_can_be_imported_again(
    project: Project, trained: Artifact, folder: Path, config: Config, take: Take
) -> None:
    dataset = project.load(config.data).take(np.arange(70))
    for _ in range(3):
        exported = take(folder / artifact.MODEL, trained.manifest.labels)
        (folder / artifact.MODEL).write_bytes(exported.files[artifact.MODEL])
    before, after = (parity.run_graph(each, dataset) for each in (trained.paths, exported.files))
    assert after == pytest.approx(before, abs=1e-6)


def test_the_source_of_an_imported_graph_is_recorded(
    trained: Artifact, folder: Path, take: Take
) -> None:
    hashes = {
        f"SHA-256 of {name}": trained.manifest.files[name] for name in ("model.onnx", TOKENIZER)
    }
    exported = take(folder / artifact.MODEL, trained.manifest.labels)
    assert exported.provenance == {"source": "model.onnx", "licence": "unknown"} | hashes
    assert exported.labels == trained.manifest.labels
    assert exported.native is None


def test_scores_become_probabilities(
    project: Project, trained: Artifact, folder: Path, config: Config, take: Take
) -> None:
    model = onnx.load(folder / artifact.MODEL)
    softmax = model.graph.node.pop()
    model.graph.output[0].name = softmax.input[0]
    onnx.save(model, folder / "scores.onnx")
    files = take(folder / "scores.onnx", trained.manifest.labels, softmax=True).files
    dataset = project.load(config.data).take(np.arange(5))
    assert parity.run_graph(files, dataset) == pytest.approx(
        parity.run_graph(trained.paths, dataset), abs=1e-6
    )


def test_scores_without_the_option_are_refused(trained: Artifact, folder: Path, take: Take) -> None:
    model = onnx.load(folder / artifact.MODEL)
    softmax = model.graph.node.pop()
    model.graph.output[0].name = softmax.input[0]
    onnx.save(model, folder / "scores.onnx")
    with pytest.raises(TrainingError, match=r"scores, no probabilities .* Add --softmax"):
        take(folder / "scores.onnx", trained.manifest.labels)


def test_probabilities_are_not_converted_again(
    project: Project, trained: Artifact, folder: Path, config: Config, take: Take
) -> None:
    files = take(folder / artifact.MODEL, trained.manifest.labels, softmax=True).files
    dataset = project.load(config.data).take(np.arange(5))
    assert parity.run_graph(files, dataset) == pytest.approx(
        parity.run_graph(trained.paths, dataset), abs=1e-6
    )


def test_an_output_can_be_chosen(trained: Artifact, folder: Path, take: Take) -> None:
    path, labels = folder / artifact.MODEL, trained.manifest.labels
    model = onnx.load(path)
    first = model.graph.output[0].name
    model.graph.node.append(onnx.helper.make_node("Identity", [first], ["twin"]))
    model.graph.output.append(
        onnx.helper.make_tensor_value_info("twin", onnx.TensorProto.FLOAT, ["rows", len(labels)])
    )
    onnx.save(model, path)
    with pytest.raises(TrainingError, match=r"Several outputs .* twin float .* --output-name"):
        take(path, labels)
    with pytest.raises(TrainingError, match=rf"no output other\. It has {first} float"):
        take(path, labels, output_name="other")
    assert take(path, labels, output_name="twin").labels == labels


@pytest.mark.parametrize("place", [".", "onnx"])
def test_labels_are_in_the_order_of_the_models_own(
    trained: Artifact, folder: Path, take: Take, place: str
) -> None:
    path, labels = folder / place / artifact.MODEL, trained.manifest.labels
    path.parent.mkdir(exist_ok=True)
    (folder / artifact.MODEL).replace(path)
    own = {str(i): name.upper() for i, name in enumerate(labels)}
    (folder / "config.json").write_text(json.dumps({"id2label": own}), encoding="utf-8")
    assert take(path, labels).labels == labels
    listed = ",".join(labels)
    with pytest.raises(TrainingError, match=rf"in another order: give --labels {listed}, or"):
        take(path, labels[::-1])
    renamed = tuple(f"label {i}" for i, _ in enumerate(labels))
    assert take(path, renamed).labels == renamed


@pytest.mark.parametrize("place", ["onnx/model_int8.onnx", "models/deep/model.onnx"])
def test_the_tokenizer_lies_beside_the_graph_or_one_folder_above(
    trained: Artifact, folder: Path, take: Take, place: str
) -> None:
    path = folder / place
    path.parent.mkdir(parents=True)
    (folder / artifact.MODEL).replace(path)
    if path.parent.parent == folder:
        exported = take(path, trained.manifest.labels)
        assert exported.provenance["source"] == path.name
        assert f"SHA-256 of {place}" in exported.provenance
    else:
        with pytest.raises(TrainingError, match=r"holds no tokenizer\.json\. Save"):
            take(path, trained.manifest.labels)


@pytest.mark.skipif(sys.platform == "win32", reason="to make a link is a right of its own there")
def test_a_link_is_followed_for_the_graph_and_not_for_its_folder(
    trained: Artifact, folder: Path, tmp_path_factory: pytest.TempPathFactory, take: Take
) -> None:
    blob = tmp_path_factory.mktemp("blobs") / "0123"
    (folder / artifact.MODEL).replace(blob)
    link = folder / "onnx" / "model.onnx"
    link.parent.mkdir()
    link.symlink_to(blob)
    assert take(link, trained.manifest.labels).labels == trained.manifest.labels


@pytest.mark.parametrize("labels", [(), ("a", "b"), ("a", "b", "c", "d")], ids=len)
def test_a_graph_with_another_number_of_outputs_is_rejected(
    folder: Path, take: Take, labels: tuple[str, ...]
) -> None:
    with pytest.raises(TrainingError, match=rf"; {len(labels)} numbers a text are needed"):
        take(folder / artifact.MODEL, labels)


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        pytest.param(artifact.MODEL, None, r"model\.onnx cannot be read: No such", id="no-graph"),
        pytest.param(artifact.MODEL, b"spoilt", "is not an ONNX graph", id="spoilt-graph"),
        pytest.param(TOKENIZER, None, r"no tokenizer\.json", id="no-tokenizer"),
        pytest.param(TOKENIZER, b"spoilt", "no readable tokenizer", id="spoilt-tokenizer"),
    ],
)
def test_an_unreadable_file_is_reported(
    trained: Artifact, folder: Path, take: Take, name: str, content: bytes | None, complaint: str
) -> None:
    (folder / name).unlink()
    if content is not None:
        (folder / name).write_bytes(content)
    with pytest.raises(TrainingError, match=complaint):
        take(folder / artifact.MODEL, trained.manifest.labels)


def test_a_run_writes_an_artifact(
    project: Project, trained: Artifact, folder: Path, config: Config, tmp_path: Path
) -> None:
    importer = TextImporter(folder / artifact.MODEL, trained.manifest.labels, softmax=False)
    output = tmp_path / "imported"
    run = train(project, config, output, trainer=importer)
    manifest = artifact.load(output).manifest
    assert manifest == run.artifact.manifest
    assert manifest.parity is None
    assert manifest.metrics == pytest.approx(trained.manifest.metrics, rel=1e-5)


def test_the_options_bound_the_tokens_and_quantise(
    trained: Artifact, folder: Path, take: Take
) -> None:
    path = folder / artifact.MODEL
    whole = take(path, trained.manifest.labels, max_tokens=7)
    small = take(path, trained.manifest.labels, int8=True)
    assert b'"max_length": 7' in whole.files[TOKENIZER]
    assert len(small.files[artifact.MODEL]) < len(whole.files[artifact.MODEL])
    assert "quantisation" in small.provenance
