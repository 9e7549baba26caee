"""The image has labels, every command and route, and nothing that serving does not need."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.bakery import BakedProject

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

KINDS = ("table", "text")
TRAINING = (
    *("huggingface_hub", "onnx", "onnxmltools", "pandas", "scipy", "skl2onnx", "sklearn"),
    *("torch", "transformers", "xgboost"),
)
FIND_MODULES = "import importlib.util as u, sys; print([m for m in sys.argv[1:] if u.find_spec(m)])"
FIND_LEFT = """
import pathlib
packages, = pathlib.Path("/venv").glob("lib/python*/site-packages")
kinds = {".a", ".c", ".h", ".pyi", ".pyx"}
print([str(p) for p in packages.rglob("*") if p.suffix in kinds or p.name == "tests"])
"""
# The second word of a module's bytecode: 1, it is taken without a look at the source.
FIND_COMPILED_AT_START = """
import importlib.util, pathlib
def flags(path):
    compiled = pathlib.Path(importlib.util.cache_from_source(path))
    return compiled.read_bytes()[4] if compiled.exists() else None
folders = [pathlib.Path("/venv/lib"), pathlib.Path("/app/src"), pathlib.Path("/app/vendor")]
modules = [path for folder in folders for path in folder.rglob("*.py")]
assert len(modules) > 500
print([str(path) for path in modules if flags(path) != 1])
"""
ADD_UP = """
import pathlib, sys
paths = [path for folder in sys.argv[1:] for path in pathlib.Path(folder).rglob("*")]
print(sum(path.lstat().st_size for path in paths if path.is_file() and not path.is_symlink()))
"""


def test_its_labels_name_its_origin(baked: BakedProject, engine: Any, image: str) -> None:
    labels = json.loads(engine.read("inspect", "--format", "{{json .Config.Labels}}", image))

    named = {name.rpartition(".")[2]: text for name, text in labels.items() if ".image." in name}
    assert named["revision"] == "0123abc"
    assert named["version"] == "1.2.3"
    assert named["source"].endswith(f"/{baked.slug}")
    assert all(named[name] for name in ("title", "description", "licenses"))


def test_it_runs_without_root_and_capabilities(engine: Any, image: str, running: Any) -> None:
    status = running.python("print(open('/proc/1/status').read())")

    held = dict(line.split(":\t") for line in status.splitlines() if ":\t" in line)
    assert held["Uid"].split() == held["Gid"].split() == ["10001"] * 4
    assert int(held["CapEff"], 16) == 0
    assert engine.read("inspect", "--format", "{{.Config.User}}", image) == "10001:10001"


def test_no_training_library_is_in_it(running: Any) -> None:
    assert running.python(FIND_MODULES, *TRAINING) == "[]"
    assert running.python(FIND_MODULES, "onnxruntime") == "['onnxruntime']"


def test_it_holds_no_files_for_tests_and_compilers(running: Any) -> None:
    assert running.python(FIND_LEFT) == "[]"


def test_no_module_is_compiled_at_the_start(running: Any) -> None:
    assert running.python(FIND_COMPILED_AT_START) == "[]"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(["--help"], "Usage:", id="help"),
        pytest.param(["serve", "--help"], "--workers", id="help-of-a-command"),
        pytest.param(["info"], "created", id="info"),
        pytest.param(["golden"], '{"instances":', id="golden"),
        pytest.param(["predict", "-"], '"predictions":', id="predict"),
    ],
)
def test_its_other_commands_run_too(
    baked: BakedProject,
    engine: Any,
    running: Any,
    words: list[str],
    said: str,
    cases: list[dict[str, Any]],
) -> None:
    given = json.dumps({"instances": [case["input"] for case in cases]})
    command = ("exec", "--interactive", running.name, baked.slug, *words)

    assert said in engine.run(*command, stdin=given).stdout


def test_its_size_is_printed(
    baked: BakedProject, engine: Any, image: str, running: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = int(engine.read("inspect", "--format", "{{.Size}}", image))
    added = int(running.python(ADD_UP, "/venv", "/app"))

    with capsys.disabled():
        print(f"\n{baked.slug}: {whole / 1e6:.0f} MB, {added / 1e6:.0f} of them packages and code")
    assert 0 < added < whole


def test_every_route_is_there(running: Any) -> None:
    routes = ("/", "/docs", "/openapi.json", "/metrics", "/model", "/v2", "/health/ready")
    static = ("/static-offline-docs/swagger-ui-bundle.js", "/static-offline-docs/swagger-ui.css")

    statuses = {route: running.ask("GET", route)[0] for route in (*routes, *static)}
    assert statuses == dict.fromkeys((*routes, *static), 200)


def test_its_answers_are_the_models(running: Any, check_answers: Callable[[Any], None]) -> None:
    check_answers(running)
