"""`source` in config/training.toml names where a text model comes from."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from modelserve import Project
from modelserve.artifact import MODEL, Artifact
from modelserve.errors import (
    ConfigurationError,
    TrainingError,
)
from modelserve.tokens import TOKENIZER
from modelserve.training import parity
from modelserve.training.config import Config, load_config
from modelserve.training.text.options import TextOptions, train_text_model
from modelserve.training.text.texts import Texts
from pydantic import ValidationError
from tokenizers import Tokenizer

FAMILIES = ("sentiment",)
PROJECT_CONFIG = Path("config", "training.toml")


@pytest.fixture
def training(project: Project, config: Config) -> Texts:
    """Return some of the project's texts, with each of the labels."""
    dataset = project.load(config.data)
    return dataset.take(np.arange(0, len(dataset), 10))


@pytest.fixture
def folder(trained: Artifact, tmp_path: Path) -> Path:
    """Return a local folder laid out as on the Hub."""
    place = tmp_path / "models" / "mine"
    place.mkdir(parents=True)
    for name in (MODEL, TOKENIZER):
        shutil.copyfile(trained.folder / name, place / name)
    labels = {str(number): f"label {number}" for number in range(len(trained.manifest.labels))}
    (place / "config.json").write_text(json.dumps({"id2label": labels}), encoding="utf-8")
    return place


def limit_of(content: Any) -> int:
    """Return how many tokens of a text a tokenizer's file lets through."""
    limit: int = Tokenizer.from_str(content.decode()).truncation["max_length"]
    return limit


def test_a_bag_of_tokens_model_is_the_default(training: Texts) -> None:
    exported = train_text_model(training, TextOptions(), 1)
    assert exported.labels == tuple(sorted(training.target.unique()))
    assert exported.provenance["source"] == "sample"
    assert exported.native is not None
    assert limit_of(exported.files[TOKENIZER]) == 512


def test_the_small_model_answers_as_it_was_fitted(training: Texts) -> None:
    exported = train_text_model(training, TextOptions(max_tokens=6, vocabulary=50), 1)
    answers = parity.run_graph(exported.files, training)
    assert answers == pytest.approx(exported.native(training), abs=1e-5)
    assert limit_of(exported.files[TOKENIZER]) == 6
    assert exported.provenance["vocabulary"] == "50"


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        pytest.param({"int8": True}, "int8", id="int8"),
        pytest.param({"labels": {"a": "b"}, "int8": True}, "labels and int8", id="both"),
    ],
)
def test_options_that_the_small_model_ignores_are_rejected(
    training: Texts, changes: dict[str, Any], named: str
) -> None:
    with pytest.raises(ConfigurationError, match=rf"\[model\] {named} in config"):
        train_text_model(training, TextOptions(**changes), 1)


def test_one_seed_gives_one_graph(training: Texts) -> None:
    first, second = (train_text_model(training, TextOptions(), 1).files for _ in range(2))
    assert first == second


def test_a_local_model_is_loaded(training: Texts, folder: Path) -> None:
    options = TextOptions(source=f"path:{folder}", labels={"label 1": "middle"}, max_tokens=9)
    exported = train_text_model(training, options, 1)
    assert exported.labels == ("label 0", "middle", "label 2")
    assert limit_of(exported.files[TOKENIZER]) == 9
    assert exported.native is None


def test_only_the_folders_name_is_recorded(training: Texts, folder: Path) -> None:
    exported = train_text_model(training, TextOptions(source=f"path:{folder}"), 1)
    assert exported.provenance["source"] == "path:mine"
    assert str(folder.parent) not in "".join(exported.provenance.values())


def test_a_local_model_can_be_quantised(training: Texts, folder: Path) -> None:
    whole, small = (
        train_text_model(training, TextOptions(source=f"path:{folder}", int8=int8), 1)
        for int8 in (False, True)
    )
    assert len(small.files[MODEL]) < len(whole.files[MODEL])
    assert small.native is not None


def test_a_missing_folder_is_reported(training: Texts, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"There is no folder .*nowhere\. \[model\] source"):
        train_text_model(training, TextOptions(source=f"path:{tmp_path / 'nowhere'}"), 1)


@pytest.mark.parametrize("source", ["sample", f"hub:owner/name@{'0' * 40}"])
def test_other_sources_are_not_paths(tmp_path: Path, source: str) -> None:
    assert TextOptions(source=source).at(tmp_path) == TextOptions(source=source)


def test_a_relative_path_starts_at_the_projects_folder(tmp_path: Path) -> None:
    options = TextOptions(source="path:models/mine", int8=True)
    assert options.at(tmp_path).source == f"path:{tmp_path / 'models' / 'mine'}"
    assert options.at(tmp_path).int8 is True
    absolute = f"path:{tmp_path}"
    assert TextOptions(source=absolute).at(Path("elsewhere")).source == absolute


@pytest.fixture
def write(config: Config, tmp_path: Path) -> Any:
    """Return a way to a configuration whose table [model] says something else."""

    def run(lines: str) -> Path:
        content = (config.data.path.parent.parent / PROJECT_CONFIG).read_text(encoding="utf-8")
        assert content.count('\nsource = "sample"\n') == 1
        path = tmp_path / PROJECT_CONFIG
        path.parent.mkdir(exist_ok=True)
        path.write_text(content.replace('\nsource = "sample"\n', f"\n{lines}\n"), encoding="utf-8")
        return path

    return run


def test_the_source_is_read_from_the_configuration(write: Any, tmp_path: Path) -> None:
    options = load_config(write('source = "path:models/mine"'), TextOptions).model
    assert options == TextOptions(source=f"path:{tmp_path / 'models' / 'mine'}")


@pytest.mark.parametrize(
    ("lines", "name"),
    [
        pytest.param('source = "hub:owner/name"', "model.source", id="no-revision"),
        pytest.param("max_tokens = 0", "model.max_tokens", id="no-tokens"),
        pytest.param("vocabulary = 9", "model.vocabulary", id="no-words"),
        pytest.param("labels = { a = 1 }", "model.labels.a", id="label-that-is-no-text"),
        pytest.param("revision = 'x'", "model.revision", id="unknown"),
    ],
)
def test_every_invalid_option_is_named(write: Any, lines: str, name: str) -> None:
    with pytest.raises(ConfigurationError, match=rf": {name}: "):
        load_config(write(lines), TextOptions)


def test_a_wrong_source_is_answered_by_a_sentence_with_an_example(write: Any) -> None:
    path = write(f'source = "hub:owner/name {"x" * 200}"')
    with pytest.raises(ConfigurationError) as caught:
        load_config(path, TextOptions)
    (text,) = str(caught.value).splitlines()
    assert "model.source: " in text
    assert "'hub:owner/name x" in text
    assert 'is no source; write "sample", "path:FOLDER", or "hub:OWNER/NAME@REVISION"' in text
    assert '"hub:distilbert/distilbert-base-uncased-finetuned-sst-2-english@main"' in text
    assert "x" * 101 not in text
    assert "\\" not in text


@pytest.mark.parametrize("changes", [{"max_tokens": -1}, {"vocabulary": 0}, {"extra": 1}], ids=str)
def test_invalid_options_are_rejected(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TextOptions(**changes)
