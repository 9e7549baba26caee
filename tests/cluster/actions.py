"""Run an action's `run:` lines as GitHub does: one after the other, in bash."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import yaml

EXPRESSION = re.compile(r"\$\{\{ (?:inputs|github)\.(\w+) \}\}")
LIBRARY = "vendor/modelserve/src"  # which every workflow sets


@dataclass
class Done:
    """How an action ended, and what its steps said."""

    passed: bool
    log: str


def run_action(
    project: Path, name: str, inputs: dict[str, str], environment: dict[str, str]
) -> Done:
    """Run an action's own lines until one fails; actions that it uses are passed over.

    Args:
        project: where the steps run.
        name: of the action.
        inputs: those that are set; the others have their defaults.
        environment: what every step finds; `GITHUB_ENV` names a file with more.
    """
    folder = project / ".github" / "actions" / name
    plan = yaml.safe_load((folder / "action.yml").read_text(encoding="utf-8"))
    assert inputs.keys() <= plan["inputs"].keys()
    given = {key: each.get("default", "") for key, each in plan["inputs"].items()} | inputs
    given["repository"] = environment.get("GITHUB_REPOSITORY", "")
    log = ""
    for step in plan["runs"]["steps"]:
        if "run" not in step:
            continue
        assert "${{" not in step["run"], "hand it over by `env`"
        own = {
            key: EXPRESSION.sub(lambda found: given[found[1]], value)
            for key, value in step.get("env", {}).items()
        }
        more = Path(environment["GITHUB_ENV"])
        lines = more.read_text(encoding="utf-8").splitlines() if more.exists() else []
        told = dict(line.split("=", 1) for line in lines)
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=project,
            env=environment | {"PYTHONPATH": LIBRARY} | told | own,
            check=False,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        log += done.stdout
        if done.returncode:
            return Done(False, log)
    return Done(True, log)
