"""The README's examples answer as they stand there, in three languages."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.e2e

README = Path(__file__).parents[2] / "README.md"
PROGRAMS = {
    "console": ("bash", ["bash", "-c"]),
    "python": (sys.executable, [sys.executable, "-c"]),
    "javascript": ("node", ["node", "--input-type=module", "-e"]),
}


def examples() -> dict[str, str]:
    """Return the code under "Ask it" by its language."""
    section = README.read_text(encoding="utf-8").split("\n## Ask it\n")[1].split("\n## ")[0]
    found = re.findall(r"^```(\w+)\n(.*?)^```$", section, re.S | re.M)
    return {language: code.removeprefix("$ ") for language, code in found}


def test_there_is_an_example_in_each_language() -> None:
    assert examples().keys() == PROGRAMS.keys()


@pytest.mark.parametrize("language", PROGRAMS)
def test_an_example_is_answered(
    serve: Callable[..., Any],
    without: Callable[[str], None],
    environment: dict[str, str],
    language: str,
) -> None:
    program, words = PROGRAMS[language]
    for needed in (program, "curl") if language == "console" else (program,):
        if not shutil.which(needed):
            without(needed)
    service = serve()
    code = examples()[language].replace("127.0.0.1:8080", f"127.0.0.1:{service.port}")

    done = subprocess.run(
        [*words, code], env=environment, capture_output=True, text=True, timeout=30, check=False
    )

    assert done.returncode == 0, done.stderr
    printed = done.stdout if language == "console" else json.dumps(service_answer(service))
    answer = json.loads(printed)
    assert len(answer["predictions"]) == 1
    assert answer["degraded"] is False
    told = json.loads(done.stdout)
    predictions = told["predictions"] if language == "console" else [told]
    assert predictions == answer["predictions"]


def service_answer(service: Any) -> Any:
    """Return what the service answers to the example's row when it is asked without an example."""
    row = re.search(r"(\{\s*\"instances\".*\})'", examples()["console"], re.S)
    assert row
    return json.loads(service.ask("POST", "/predict", json.loads(row[1]))[1])
