"""Evaluate expressions of JavaScript beside the scripts of a page, by node."""

import json
import shutil
import subprocess
from collections.abc import Callable
from typing import Any

Run = Callable[..., Any]


def evaluator(script: str, without: Callable[[str], None]) -> Run:
    """Return a function that evaluates an expression of some values beside a script.

    Args:
        script: what runs first.
        without: ends the test where there is no node.
    """
    node = shutil.which("node")
    if node is None:
        without("node")

    def evaluate(expression: str, **values: Any) -> Any:
        given = "".join(f"const {name} = {json.dumps(value)};" for name, value in values.items())
        program = f"{script}\n{given}\nconsole.log(JSON.stringify({expression}))"
        done = subprocess.run(
            [str(node), "-"], input=program, text=True, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return evaluate
