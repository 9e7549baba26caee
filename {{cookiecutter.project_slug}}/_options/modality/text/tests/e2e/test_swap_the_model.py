"""What docs/swap-the-model.md says, done on a copy of the project just as it says it."""

import json
import shlex
import shutil
from typing import Any

import pandas as pd
import pytest

from package.artifact import Artifact
from package.training.config import load_config

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


@pytest.fixture
def somewhere(workshop: Any, found: Artifact) -> Any:
    """Return a folder laid out as on the Hub, with labels of its own."""
    folder = workshop.folder / "somewhere"
    folder.mkdir()
    for name in ("model.onnx", "tokenizer.json"):
        shutil.copyfile(found.folder / name, folder / name)
    own = {str(i): f"of {label}" for i, label in enumerate(found.manifest.labels)}
    (folder / "config.json").write_text(json.dumps({"id2label": own}), encoding="utf-8")
    return folder


def test_a_csv_file_of_ones_own_needs_no_code(workshop: Any) -> None:
    given = load_config(workshop.folder / "config" / "training.toml").data
    table = pd.read_csv(given.path).head(300).rename(columns={given.target: "the_column"})
    table.to_csv(workshop.folder / "data" / "yours.csv", index=False)
    lines = workshop.code("Your texts", "toml").splitlines()
    workshop.configure(dict(line.replace('"', "").split(" = ") for line in lines if " = " in line))

    workshop.run("train")

    assert workshop.manifest["data"]["source"] == "yours.csv"
    assert workshop.manifest["data"]["training_rows"] == 240
    assert len(workshop.answers()) > 0


def test_another_load_brings_other_labels(workshop: Any) -> None:
    workshop.follow("Your texts")

    workshop.run("train")

    assert workshop.manifest["labels"] == ["order", "thanks"]
    assert workshop.manifest["metrics"]["accuracy"] == 1
    assert {each["label"] for each in workshop.answers()} == {"order", "thanks"}


def test_a_folder_as_the_hub_has_it_is_judged_and_served(
    workshop: Any, somewhere: Any, found: Artifact
) -> None:
    line = workshop.code("A model from the Hugging Face Hub, or from a folder", "toml", 1)
    _, value = line.strip().splitlines()[-1].split(" = ")
    labels = ", ".join(f'"of {label}" = "{label}"' for label in found.manifest.labels)
    workshop.configure({"source": json.loads(value)})
    config = workshop.folder / "config" / "training.toml"
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("[model]", f"[model]\nlabels = {{{labels}}}", 1))

    workshop.run("train")

    assert tuple(workshop.manifest["labels"]) == found.manifest.labels
    assert workshop.manifest["provenance"]["source"] == f"path:{somewhere.name}"
    assert [each["label"] for each in workshop.answers()]


def test_an_onnx_file_is_judged_and_served(
    workshop: Any, somewhere: Any, found: Artifact, golden: list[dict[str, Any]]
) -> None:
    shutil.copyfile(somewhere / "model.onnx", workshop.folder / "yours.onnx")
    shutil.copyfile(somewhere / "tokenizer.json", workshop.folder / "tokenizer.json")
    _, _, *words = shlex.split(workshop.code("An ONNX file that you have", "console"))
    words.remove("--softmax")  # this one gives probabilities

    said = workshop.run(*words, given="\n")

    assert "The labels, in the order of the graph's outputs" in said
    assert tuple(workshop.manifest["labels"]) == found.manifest.labels
    assert workshop.manifest["provenance"]["source"] == "yours.onnx"
    shares = [list(each["probabilities"].values()) for each in workshop.answers()]
    expected = [case["output"] for case in golden]
    for given, wanted in zip(shares, expected, strict=True):
        assert given == pytest.approx(wanted, abs=1e-5)


def test_any_object_answers_behind_the_protocol(workshop: Any) -> None:
    workshop.run("train")
    before = workshop.answers()
    workshop.follow("Anything else")

    after = workshop.answers()

    label = workshop.manifest["labels"][-1]
    lengths = [each["probabilities"][label] for each in after]
    assert after != before
    assert min(lengths) > workshop.manifest["prior"][-1]
    assert len(set(lengths)) > 1
