"""The programs in a project's README print an answer, whatever the model is."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from tests.engine.families import FOLDER

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

FAMILIES = ("iris", "diabetes", "sentiment")
PROGRAMS = {"python": (sys.executable,), "javascript": ("node", "--input-type=module")}


@pytest.mark.parametrize("language", PROGRAMS)
def test_the_program_prints_the_prediction_for_an_example_row(
    serve: Callable[..., Any], without: Callable[[str], None], language: str
) -> None:
    program, *options = PROGRAMS[language]
    if not shutil.which(program):
        without(program)
    readme = FOLDER / "_options" / "language" / "en" / "README.md"
    text = readme.read_text(encoding="utf-8")
    (code,) = re.findall(rf"```{language}\n(.*?)```", text, re.S)
    service = serve()
    features = json.loads(service.ask("GET", "/model")[1])["features"]
    row = {each["name"]: each["example"] for each in features}
    done = subprocess.run(
        [program, *options, "-"],
        input=code.replace("127.0.0.1:8080", f"127.0.0.1:{service.port}"),
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    _, answer = service.ask("POST", "/predict", {"instances": [row]})
    assert json.loads(done.stdout) == json.loads(answer)["predictions"][0]
