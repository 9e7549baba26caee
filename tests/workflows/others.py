"""Actions of other people: each that a project uses is given a stub, for nothing can be fetched."""

import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import yaml

from tests.workflows import imitation

TEMPLATE = Path(__file__).parents[2]
REMOTE = re.compile(r"[\w-]+/[\w./-]+@\w+")
OUTPUTS = {"docker/build-push-action": ["digest"]}
BUILT_IN = "actions/checkout"


def lay(folder: Path, files: Iterable[Path]) -> list[str]:
    """Make a stub of each action that some files use; return act's options that name them."""
    asked: dict[str, set[str]] = defaultdict(set)
    for file in files:
        for step in steps_of(yaml.safe_load(file.read_text(encoding="utf-8"))):
            if REMOTE.fullmatch(step.get("uses", "")):
                asked[step["uses"]] |= set(step.get("with", {}))
    options = []
    for number, (action, inputs) in enumerate(sorted(asked.items())):
        name = action.partition("@")[0]
        if name == BUILT_IN:
            continue
        place = folder / str(number)
        place.mkdir(parents=True)
        (place / "action.yml").write_text(json.dumps(stub(name, inputs)), encoding="utf-8")
        options += ["--local-repository", f"{action}={place}"]
    return options


def steps_of(plan: dict) -> list[dict]:
    """Return the steps of a workflow or of an action."""
    jobs = plan.get("jobs", {}).values()
    return [step for part in (*jobs, plan.get("runs", {})) for step in part.get("steps", [])]


def stub(name: str, inputs: set[str]) -> dict:
    """Return an action that hands its inputs to an imitation; JSON is YAML too."""
    line = f'"{sys.executable}" -m {imitation.__name__} {name} >>"$GITHUB_OUTPUT"'
    told = {"INPUTS": "${{ toJSON(inputs) }}", "PYTHONPATH": str(TEMPLATE)}
    step = {"id": "it", "shell": "bash", "env": told, "run": line}
    return {
        "name": name,
        "description": name,
        "inputs": {key: {"description": key, "default": ""} for key in sorted(inputs)},
        "outputs": {
            key: {"description": key, "value": f"${{{{ steps.it.outputs.{key} }}}}"}
            for key in OUTPUTS.get(name, ())
        },
        "runs": {"using": "composite", "steps": [step]},
    }
