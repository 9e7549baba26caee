"""The pytest plugin gives a project's tests their fixtures, and says why there is no model."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.engine.families import Family

pytestmark = pytest.mark.e2e

Run = Callable[..., tuple[int, str]]

HEAD = "import warnings\nimport pytest\n\n"


@pytest.fixture
def run(family: Family, tmp_path: Path) -> Run:
    """Return a function that runs a test in the family's project; it returns status and output."""

    def call(test: str, *words: str, **environment: str) -> tuple[int, str]:
        path = tmp_path / "test_it.py"
        path.write_text(HEAD + test, encoding="utf-8")
        plugin = ("-p", "modelserve.testing.plugin", "-p", "no:cacheprovider", "-W", "error")
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *plugin, f"--rootdir={family.root}", path, *words],
            cwd=family.root,
            env=os.environ
            | {"PYTHONPATH": family.python_path, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
            | environment,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    return call


@contextmanager
def changed(path: Path, old: str, new: str) -> Iterator[None]:
    """Change a file of the project for a while."""
    before = path.read_text(encoding="utf-8")
    assert old in before
    path.write_text(before.replace(old, new, 1), encoding="utf-8")
    try:
        yield
    finally:
        path.write_text(before, encoding="utf-8")


def add_setting(family: Family, line: str) -> AbstractContextManager[None]:
    """Add a field to the project's settings for a while."""
    head = "class Settings(modelserve.Settings):\n"
    path = family.root / "src" / family.package / "settings.py"
    return changed(path, head, f"{head}{line}\n")


def test_an_artifact_is_tested_instead_of_trained(run: Run, family: Family) -> None:
    folder = str(family.artifact.folder)
    status, said = run(
        f"def test_it(artifact):\n    assert str(artifact.folder) == {folder!r}\n",
        f"--artifact={folder}",
    )
    assert status == 0, said


def test_without_an_artifact_one_is_trained(run: Run, family: Family) -> None:
    text = "def test_it(artifact, graph, rows):\n    assert len(graph(rows)) == len(rows)\n"
    text += f"    assert str(artifact.folder) != {str(family.artifact.folder)!r}\n"
    status, said = run(text)
    assert status == 0, said


def test_a_missing_artifact_is_named_once(run: Run) -> None:
    text = "@pytest.mark.parametrize('n', range(5))\ndef test_it(n, artifact):\n    pass\n"
    status, said = run(text, "--artifact=nowhere")
    assert status == 1
    assert said.count("There is no model to test. There is no model in nowhere") == 1


def test_data_that_cannot_be_used_are_named(run: Run, family: Family) -> None:
    with changed(family.root / "config" / "training.toml", '"species"', '"specie"'):
        status, said = run("def test_it(artifact):\n    pass\n")
    assert status == 1
    assert "There is no model to test." in said
    assert "specie: no such column" in said


def test_a_configuration_that_cannot_be_read_is_named(run: Run, family: Family) -> None:
    with changed(family.root / "config" / "training.toml", "[gate.minimum]", "[gate.least]"):
        status, said = run("def test_it(training_config):\n    pass\n")
    assert status == 1
    assert "There is no model to test." in said
    assert "gate.least" in said


def test_warnings_of_the_data_are_shown_and_fail_nothing(run: Run, family: Family) -> None:
    data = family.root / "src" / family.package / "data.py"
    warning = "    __import__('warnings').warn('old data', stacklevel=1)\n"
    with changed(data, "    return ", f"{warning}    return "):
        status, said = run("def test_it(artifact, training_config):\n    pass\n")
    assert status == 0, said
    assert "UserWarning: old data" in said
    status, _ = run("def test_it(artifact):\n    warnings.warn('of the test', stacklevel=1)\n")
    assert status == 1


def test_settings_come_from_no_environment(run: Run) -> None:
    text = "def test_it(make_settings):\n    assert make_settings().max_rows == 256\n"
    text += "    assert make_settings(max_rows=3).max_rows == 3\n"
    text += "    assert type(make_settings()).load().max_rows == 256\n"
    status, said = run(text, MAX_ROWS="9")
    assert status == 0, said


def test_a_setting_without_a_default_comes_from_the_environment(run: Run, family: Family) -> None:
    text = "def test_it(client, make_settings):\n"
    with add_setting(family, "    database: str"):
        status, said = run(f"{text}    assert make_settings().database == 'x'\n", DATABASE="x")
    assert status == 0, said


def test_rows_are_as_many_as_one_request_may_carry(run: Run, family: Family) -> None:
    text = "def test_it(post_rows, rows):\n    assert len(rows) == 5\n"
    with add_setting(family, "    max_rows: int = 5"):
        status, said = run(f"{text}    assert post_rows(rows).status_code == 200\n")
    assert status == 0, said


def test_the_time_of_a_prediction_is_reported(run: Run) -> None:
    text = "def test_it(measure_ms, record_property):\n    assert measure_ms() > 0\n"
    text += "    record_property('prediction_ms', 7.5)\n    record_property('limit_ms', 5.0)\n"
    status, said = run(text)
    assert status == 0, said
    assert "prediction time: 7.5000 ms for one row, OVER its limit of 5 ms" in said
