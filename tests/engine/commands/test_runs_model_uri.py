"""A model in MLflow's registry is chosen by MODEL_URI, or by --model."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from modelserve.artifact import Artifact
from modelserve.serving import server
from modelserve.tracking import model_uri

from tests.engine.commands.run import Command, one_line
from tests.engine.families import Family

URI = "models:/iris-model@champion"


@pytest.fixture
def resolved(monkeypatch: pytest.MonkeyPatch, trained: Artifact) -> list[str]:
    """Return the list of what was looked up in a registry with one artifact."""
    asked: list[str] = []

    def resolve(uri: str) -> Path:
        asked.append(uri)
        return trained.folder

    monkeypatch.setattr(model_uri, "resolve", resolve)
    return asked


def test_the_setting_names_the_model_of_every_command(
    command: Command, resolved: list[str], trained: Artifact, body: bytes
) -> None:
    os.environ["MODEL_URI"] = URI
    assert trained.manifest.version in command("info").out
    os.environ["MODEL_URI"] = URI
    assert command("predict", "-", stdin=body).code == 0
    assert resolved == [URI, URI]


def test_all_workers_serve_what_was_found_at_the_start(
    command: Command, resolved: list[str], trained: Artifact, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "run", lambda *_, **__: None)
    os.environ["MODEL_URI"] = URI
    assert command("serve", "--workers", "2").code == 0
    assert resolved == [URI]
    assert os.environ["MODEL_DIR"] == str(trained.folder)
    assert "MODEL_URI" not in os.environ


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        pytest.param("models:/other/3", ["models:/other/3"], id="another model"),
        pytest.param("{folder}", [], id="a folder"),
    ],
)
def test_the_option_decides_before_the_setting(
    command: Command, resolved: list[str], trained: Artifact, option: str, expected: list[str]
) -> None:
    os.environ |= {"MODEL_URI": URI}
    done = command("info", "--model", option.format(folder=trained.folder))
    assert (done.code, done.err) == (0, "")
    assert resolved == expected


def test_the_folders_variable_may_name_a_model_too(command: Command, resolved: list[str]) -> None:
    os.environ["MODEL_DIR"] = "models:/other/3"
    assert command("info").code == 0
    assert resolved == ["models:/other/3"]


def test_a_folder_and_a_model_in_the_environment_are_refused(
    command: Command, resolved: list[str]
) -> None:
    os.environ |= {"MODEL_URI": URI, "MODEL_DIR": "model"}
    done = command("info")
    assert done.code == 2
    assert "MODEL_DIR and MODEL_URI name two models" in one_line(done.err)
    assert resolved == []


@pytest.mark.parametrize("empty", ["", " "])
def test_an_empty_variable_is_unset(
    command: Command, resolved: list[str], trained: Artifact, empty: str
) -> None:
    os.environ |= {"MODEL_URI": empty, "MODEL_DIR": str(trained.folder)}
    assert command("info").code == 0
    assert resolved == []


def test_a_missing_extra_is_named(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    os.environ |= {"MODEL_URI": URI, "MLFLOW_TRACKING_URI": "http://mlflow.example"}
    done = command("info")
    assert done.code == 2
    assert "modelserve[mlflow]" in one_line(done.err)


@pytest.mark.parametrize("words", [("info",), ("train", "--output", "made")])
def test_mlflow_is_not_imported_without_a_server(
    family: Family, trained: Artifact, tmp_path: Path, words: tuple[str, ...]
) -> None:
    script = (
        f"import sys\nfrom {family.package}.__main__ import main\n"
        "try:\n    main()\nfinally:\n    print('mlflow' in sys.modules)"
    )
    config = ("--config", str(family.root / "config" / "training.toml"))
    given = ("--model", str(trained.folder)) if words == ("info",) else config
    done = subprocess.run(
        [sys.executable, "-c", script, *words, *given],
        cwd=tmp_path,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": family.python_path,
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "False"


@pytest.mark.parametrize("setting", ["--model", "MODEL_DIR"])
def test_a_misspelt_name_of_a_registered_model_is_answered_by_the_right_forms(
    command: Command, resolved: list[str], setting: str
) -> None:
    if setting == "MODEL_DIR":
        os.environ["MODEL_DIR"] = "models:wages"
    done = command("info", *(["--model", "models:wages"] if setting == "--model" else []))
    assert done.code == 2
    assert one_line(done.err) == (
        f"error: {setting} models:wages is neither a folder nor a model in MLflow's registry: "
        "write models:/NAME@ALIAS, models:/NAME/VERSION or runs:/RUN/PATH."
    )
    assert resolved == []
