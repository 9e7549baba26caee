"""What the project configures: settings, logging, thresholds, and what it may import."""

import ast
import io
import json
import logging
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import modelserve
import pytest
from modelserve import ConfigurationError
from modelserve.types import Rows
from starlette.testclient import TestClient

PUBLIC = ("modelserve", "modelserve.testing", "modelserve.types")


def test_settings_are_read_from_the_environment(
    project: Any, make_settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings_class = type(make_settings())
    monkeypatch.setenv("MAX_ROWS", "7")
    assert settings_class.load().max_rows == 7
    monkeypatch.setenv("MAX_ROWS", "0")
    with pytest.raises(ConfigurationError, match="MAX_ROWS"):
        settings_class.load()
    assert issubclass(project.service_class, modelserve.Service)


@pytest.fixture
def _restored_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    for handler in root.handlers:
        if handler not in handlers:
            handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)


@pytest.mark.usefixtures("_restored_logging")
def test_what_is_logged_reaches_the_handler(project: Any, make_settings: Any) -> None:
    handler = project.configure_logging(make_settings(log_level="INFO"))
    handler.setStream(written := io.StringIO())
    logging.getLogger("anywhere").warning("something happened", extra={"rows": 3})
    assert "something happened" in written.getvalue()


@pytest.mark.usefixtures("_restored_logging")
def test_a_server_process_makes_the_application_from_the_environment(
    project: Any, artifact: Any, monkeypatch: pytest.MonkeyPatch, post_rows: Any, rows: Rows
) -> None:
    monkeypatch.setenv("MODEL_DIR", str(artifact.folder))
    with TestClient(project.create_app()) as client:
        assert post_rows(rows, client=client).status_code == 200


def test_the_command_line_is_the_projects_own(
    project: Any, artifact: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    words = [project.name, "info", "--json", "--model", str(artifact.folder)]
    monkeypatch.setattr(sys, "argv", words)
    main = import_module(f"{project.package}.__main__").main
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    assert json.loads(capsys.readouterr().out)["name"] == project.name


def imports_of(path: Path) -> Iterator[str]:
    """Yield what a module imports from the library, by its full name."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield str(node.module)


def test_only_the_public_part_of_the_library_is_imported(project: Any) -> None:
    paths = [path for top in ("src", "tests") for path in (project.root / top).rglob("*.py")]
    private = {
        f"{path.relative_to(project.root)}: {name}"
        for path in paths
        for name in imports_of(path)
        if name.partition(".")[0] == "modelserve" and name not in PUBLIC
    }
    assert not private, "import these from modelserve, modelserve.types or modelserve.testing"
