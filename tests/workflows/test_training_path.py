"""A folder is added to what training reads, and nothing else changes."""

import tomllib
from pathlib import Path

import pytest
from modelserve.deploy.training_path import add_training_path

from tests.bakery import FOLDER

FOLDER_NAME = "data/collected"
SAMPLES = sorted(FOLDER.glob("_options/sample/*/config/training.toml"))


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.parts[-3])
def test_the_samples_configuration_gains_a_path(tmp_path: Path, sample: Path) -> None:
    config = tmp_path / "training.toml"
    text = sample.read_text(encoding="utf-8")
    config.write_text(text, encoding="utf-8")
    add_training_path(config, FOLDER_NAME)
    old = tomllib.loads(text)["data"]["path"]
    changed = config.read_text(encoding="utf-8")
    assert tomllib.loads(changed)["data"]["path"] == [old, FOLDER_NAME]
    lines = zip(text.splitlines(), changed.splitlines(), strict=True)
    (line,) = [new for was, new in lines if was != new]
    assert line.startswith(f'path = ["{old}", "{FOLDER_NAME}"]')
    add_training_path(config, FOLDER_NAME)
    assert config.read_text(encoding="utf-8") == changed


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        pytest.param("path = ['a.csv']  # b\n", ["a.csv"], id="a-list"),
        pytest.param('path = [\n  "a.csv",\n  "é.csv",\n]\n', ["a.csv", "é.csv"], id="lines"),
        pytest.param('target = "y"\npath="a.csv"\n\n[other]\npath = 1\n', ["a.csv"], id="other"),
    ],
)
def test_every_usual_form_is_understood(tmp_path: Path, text: str, paths: list[str]) -> None:
    config = tmp_path / "training.toml"
    config.write_text(f'task = "classifier"\n[data]\n{text}', encoding="utf-8")
    add_training_path(config, FOLDER_NAME)
    assert tomllib.loads(config.read_text("utf-8"))["data"]["path"] == [*paths, FOLDER_NAME]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("x = 1\n", id="no-data"),
        pytest.param('[data]\ntarget = "y"\n', id="no-path"),
        pytest.param('data = { path = "a.csv" }\n', id="inline"),
        pytest.param('[data]\nnote = """\npath = "b.csv"\n"""\npath = "a.csv"\n', id="in-a-text"),
    ],
)
def test_what_cannot_be_changed_stays_and_is_said(
    tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "training.toml"
    config.write_text(text, encoding="utf-8")
    with pytest.raises(SystemExit, match="2"):
        add_training_path(config, FOLDER_NAME)
    assert config.read_text(encoding="utf-8") == text
    assert f"add '{FOLDER_NAME}'" in capsys.readouterr().out
