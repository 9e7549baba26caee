"""A process imports no library that it does not need."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from modelserve.artifact import Artifact

from tests.engine.families import LIBRARY, Family

FAMILIES = ("iris", "sentiment")
TRAINING = {
    *("huggingface_hub", "jinja2", "onnx", "onnxmltools", "pandas", "scipy", "skl2onnx"),
    *("sklearn", "torch", "transformers", "xgboost"),
}
SERVE = """
import json, os, sys
from {package}.service import create_app
from starlette.testclient import TestClient
before = set(sys.modules)  # httpx is the test client's
with TestClient(create_app()) as client:
    body = json.loads(sys.argv[1])
    for path in ("/predict", "/feedback", "/metrics", "/openapi.json", "/"):
        asked = client.post(path, json=body) if path == "/predict" else client.get(path)
        assert asked.status_code < 500, (path, asked.text)
print(json.dumps(sorted(sys.modules)))
"""


def run(*words: str, **environment: str) -> str:
    """Run this Python with the library, and return its output."""
    done = subprocess.run(
        [sys.executable, *words],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(LIBRARY / "src"),
            "PYTHONDONTWRITEBYTECODE": "1",  # a bake would copy it with the library
        }
        | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def imported(script: str, *words: str, **environment: str) -> set[str]:
    """Return the packages and the library's modules that a script imports."""
    modules = json.loads(run("-c", script, *words, **environment).splitlines()[-1])
    return {name.partition(".")[0] for name in modules} | set(modules)


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(("-c", "import modelserve; dir(modelserve)"), id="import"),
        pytest.param(("-m", "modelserve.deploy", "--help"), id="deploy"),
    ],
)
def test_the_standard_library_is_enough(command: tuple[str, ...]) -> None:
    run("-S", *command)  # without site-packages


def test_a_library_that_is_missing_is_noticed() -> None:
    with pytest.raises(AssertionError, match="No module named 'pydantic'"):
        run("-S", "-c", "import modelserve.settings")


@pytest.mark.e2e
@pytest.mark.parametrize("planted", ["", "import pandas"], ids=["as it is", "planted"])
def test_a_service_imports_neither_training_nor_what_another_modality_needs(
    family: Family, trained: Artifact, row: dict[str, Any], planted: str
) -> None:
    unwanted = TRAINING | {"modelserve.training", "modelserve.commands", "modelserve.deploy"}
    if trained.manifest.modality == "table":
        unwanted |= {"tokenizers", "modelserve.tokens"}
    modules = imported(
        SERVE.format(package=family.package).replace("before =", f"{planted}\nbefore ="),
        json.dumps({"instances": [row]}),
        PYTHONPATH=family.python_path,
        MODEL_DIR=str(trained.folder),
    )
    assert modules & unwanted == ({"pandas"} if planted else set())
    assert ("tokenizers" in modules) == (trained.manifest.modality == "text")


def test_commands_that_print_help_import_no_large_library(family: Family, tmp_path: Path) -> None:
    script = (
        "import json, sys\n"
        f"from {family.package}.__main__ import main\n"
        "try:\n    main()\nfinally:\n    print(json.dumps(sorted(sys.modules)))"
    )
    modules = imported(script, "--help", PYTHONPATH=family.python_path, HOME=str(tmp_path))
    assert modules & (TRAINING | {"numpy", "onnxruntime", "fastapi", "tokenizers"}) == set()
