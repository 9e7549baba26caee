"""One line of the configuration says where the model comes from."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError
from tokenizers import Tokenizer

from package.artifact import MODEL, Artifact
from package.errors import (
    ConfigurationError,
    TrainingError,
)
from package.tokens import TOKENIZER
from package.training import data, model, parity
from package.training.config import Config, load_config
from package.training.data import Dataset
from package.training.model import Options

PROJECT_CONFIG = Path("config", "training.toml")


@pytest.fixture
def training(config: Config) -> Dataset:
    """Return some of the project's texts, with each of the labels."""
    dataset = data.load(config.data)
    return dataset.take(np.arange(0, len(dataset), 10))


@pytest.fixture
def folder(found: Artifact, tmp_path: Path) -> Path:
    """Return a model that lies here, laid out as on the Hub."""
    place = tmp_path / "models" / "mine"
    place.mkdir(parents=True)
    for name in (MODEL, TOKENIZER):
        shutil.copyfile(found.folder / name, place / name)
    labels = {str(number): f"label {number}" for number in range(len(found.manifest.labels))}
    (place / "config.json").write_text(json.dumps({"id2label": labels}), encoding="utf-8")
    return place


def limit_of(content: Any) -> int:
    """Return how many tokens of a text a tokenizer's file lets through."""
    limit: int = Tokenizer.from_str(content.decode()).truncation["max_length"]
    return limit


def test_a_small_model_of_the_data_is_what_is_made_by_default(training: Dataset) -> None:
    made = model.make(training, Options(), 1)
    assert made.labels == tuple(sorted(training.target.unique()))
    assert made.provenance["source"] == "sample"
    assert made.native is not None
    assert limit_of(made.files[TOKENIZER]) == 512


def test_the_small_model_answers_as_it_was_fitted(training: Dataset) -> None:
    made = model.make(training, Options(max_tokens=6, vocabulary=50), 1)
    answers = parity.run_graph(made.files, training)
    assert answers == pytest.approx(made.native(training), abs=1e-5)
    assert limit_of(made.files[TOKENIZER]) == 6
    assert made.provenance["vocabulary"] == "50"


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        pytest.param({"int8": True}, "int8", id="int8"),
        pytest.param({"labels": {"a": "b"}, "int8": True}, "labels and int8", id="both"),
    ],
)
def test_what_the_small_model_would_not_heed_is_refused(
    training: Dataset, changes: dict[str, Any], named: str
) -> None:
    with pytest.raises(ConfigurationError, match=rf"\[model\] {named} in config"):
        model.make(training, Options(**changes), 1)


def test_one_seed_gives_one_graph(training: Dataset) -> None:
    first, second = (model.make(training, Options(), 1).files for _ in range(2))
    assert first == second


def test_a_model_that_lies_here_is_taken(training: Dataset, folder: Path) -> None:
    options = Options(source=f"path:{folder}", labels={"label 1": "middle"}, max_tokens=9)
    made = model.make(training, options, 1)
    assert made.labels == ("label 0", "middle", "label 2")
    assert limit_of(made.files[TOKENIZER]) == 9
    assert made.native is None


def test_of_a_place_only_its_name_is_told(training: Dataset, folder: Path) -> None:
    made = model.make(training, Options(source=f"path:{folder}"), 1)
    assert made.provenance["source"] == "path:mine"
    assert str(folder.parent) not in "".join(made.provenance.values())


def test_a_place_may_be_larger_than_its_integers(training: Dataset, folder: Path) -> None:
    whole, small = (
        model.make(training, Options(source=f"path:{folder}", int8=int8), 1)
        for int8 in (False, True)
    )
    assert len(small.files[MODEL]) < len(whole.files[MODEL])
    assert small.native is not None


def test_a_place_that_is_not_there_is_told(training: Dataset, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="id2label"):
        model.make(training, Options(source=f"path:{tmp_path / 'nowhere'}"), 1)


@pytest.mark.parametrize("source", ["sample", f"hub:owner/name@{'0' * 40}"])
def test_only_a_place_starts_at_the_projects_folder(tmp_path: Path, source: str) -> None:
    assert Options(source=source).at(tmp_path) == Options(source=source)


def test_a_relative_place_starts_at_the_projects_folder(tmp_path: Path) -> None:
    options = Options(source="path:models/mine", int8=True)
    assert options.at(tmp_path).source == f"path:{tmp_path / 'models' / 'mine'}"
    assert options.at(tmp_path).int8 is True
    absolute = f"path:{tmp_path}"
    assert Options(source=absolute).at(Path("elsewhere")).source == absolute


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


def test_the_configuration_says_it_in_one_line(write: Any, tmp_path: Path) -> None:
    options = load_config(write('source = "path:models/mine"')).model
    assert options == Options(source=f"path:{tmp_path / 'models' / 'mine'}")


@pytest.mark.parametrize(
    ("lines", "name"),
    [
        pytest.param('source = "hub:owner/name@main"', "model.source", id="branch"),
        pytest.param("max_tokens = 0", "model.max_tokens", id="no-tokens"),
        pytest.param("vocabulary = 9", "model.vocabulary", id="no-words"),
        pytest.param("labels = { a = 1 }", "model.labels.a", id="label-that-is-no-text"),
        pytest.param("revision = 'x'", "model.revision", id="unknown"),
    ],
)
def test_whatever_cannot_be_is_named(write: Any, lines: str, name: str) -> None:
    with pytest.raises(ConfigurationError, match=rf": {name}: "):
        load_config(write(lines))


@pytest.mark.parametrize("changes", [{"max_tokens": -1}, {"vocabulary": 0}, {"extra": 1}], ids=str)
def test_options_refuse_what_they_do_not_know(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Options(**changes)
