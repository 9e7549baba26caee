"""Run a project's workflow by hand: its conditions, its expressions, its `run:` lines in bash.

Of actions, those of the project are run, `upload-artifact` is imitated, and others are passed over.
"""

import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
OPERATORS = ((r"&&", " and "), (r"\|\|", " or "), (r"!(?!=)", " not "))
# An action is not told of the repository's variables and secrets; it must be handed them.
CONTEXTS_OF_AN_ACTION = {"github", "inputs", "runner"}


class Nothing(str):
    """What a context does not hold: it is empty, and so is all that it is asked for."""

    def __getattr__(self, name: str) -> "Nothing":
        """Return nothing."""
        return self


class Context(dict):
    """A context of expressions."""

    def __getattr__(self, name: str) -> Any:
        """Return what the context holds under a name."""
        value = self.get(name, Nothing())
        return Context(value) if isinstance(value, dict) else value


def to_json(value: Any) -> str:
    """Write a value down, as `toJSON` does."""
    return json.dumps(value, indent=2)


def from_json(text: str) -> Any:
    """Read a value, as `fromJSON` does."""
    value = json.loads(text)
    return Context(value) if isinstance(value, dict) else value


def evaluate(expression: str, contexts: Mapping[str, Any]) -> Any:
    """Evaluate what stands between braces; it is the template's own text."""
    for sign, word in OPERATORS:
        expression = re.sub(sign, word, expression)
    names = {name: Context(value) for name, value in contexts.items()}
    functions = {"toJSON": to_json, "fromJSON": from_json}
    # pylint: disable-next=eval-used
    return eval(" ".join(expression.split()), {"__builtins__": {}}, names | functions)


def fill(text: Any, contexts: Mapping[str, Any]) -> str:
    """Put the values of its expressions into a text."""
    return EXPRESSION.sub(lambda found: str(evaluate(found[1], contexts)), str(text))


def fill_all(texts: Mapping[str, Any], contexts: Mapping[str, Any]) -> dict[str, str]:
    """Put the values of their expressions into texts."""
    return {name: fill(text, contexts) for name, text in texts.items()}


def read_outputs(path: Path) -> dict[str, str]:
    """Read what a step has written to GITHUB_OUTPUT: `name=value`, or a name and a block."""
    outputs = {}
    lines = iter(path.read_text(encoding="utf-8").splitlines())
    for line in lines:
        if block := re.fullmatch(r"([\w-]+)<<(.+)", line):
            held: list[str] = []
            while (line := next(lines)) != block[2]:
                held.append(line)
            outputs[block[1]] = "\n".join(held)
        else:
            name, _, outputs[name] = line.partition("=")
    return outputs


@dataclass
class Run:
    """One run of a workflow, and what came of it.

    Args:
        project: where the project lies, which is where steps run.
        scratch: a folder for what GitHub would keep.
        environment: what every step finds, `PATH` among it.
        contexts: `github`, `inputs`, `secrets` and `vars`.
    """

    project: Path
    scratch: Path
    environment: Mapping[str, str]
    contexts: Mapping[str, Any]
    jobs: dict[str, str] = field(default_factory=dict)
    artifacts: dict[str, list[str]] = field(default_factory=dict)
    log: str = ""

    def __post_init__(self) -> None:
        """Make the files that steps append to."""
        self.scratch.mkdir()
        self.summary.touch()

    @property
    def summary(self) -> Path:
        """Where steps write what is shown on the run's page."""
        return self.scratch / "summary.md"

    def workflow(self, name: str) -> "Run":
        """Run every job, each after those that it needs, and return the run."""
        path = self.project / ".github" / "workflows" / name
        plan = yaml.safe_load(path.read_text(encoding="utf-8"))
        on = plan[True]  # YAML takes the word `on` for a truth value
        asked = (on.get("workflow_dispatch") or {}).get("inputs", {})
        defaults = {key: value.get("default", "") for key, value in asked.items()}
        contexts = {**self.contexts, "inputs": defaults | self.contexts["inputs"]}
        outputs: dict[str, dict] = {}
        for key, job in plan["jobs"].items():
            needed = [job["needs"]] if "needs" in job else []
            known = contexts | {"needs": {other: outputs[other] for other in needed}}
            outputs[key] = {"outputs": {}}
            ready = all(self.jobs[other] == "success" for other in needed)
            if ready and evaluate(job.get("if", "True"), known):
                outputs[key] = {"outputs": self.job(key, job, known, plan.get("env", {}))}
            else:
                self.jobs[key] = "skipped"
        return self

    def job(self, key: str, job: dict, contexts: dict, variables: dict) -> dict[str, str]:
        """Run one job and return its outputs."""
        passed, steps = self.steps(job["steps"], contexts, variables | job.get("env", {}))
        self.jobs[key] = "success" if passed else "failure"
        return fill_all(job.get("outputs", {}), contexts | {"steps": steps})

    def steps(self, steps: list[dict], contexts: dict, variables: dict) -> tuple[bool, dict]:
        """Run steps until one fails; return whether none has, and the context `steps`."""
        outputs: dict[str, dict] = {}
        for step in steps:
            known = contexts | {"steps": outputs}
            if not evaluate(step.get("if", "True"), known):
                continue
            passed, made = self.step(step, known, variables)
            outputs[step.get("id", "")] = {"outputs": made}
            if not passed:
                return False, outputs
        return True, outputs

    def step(self, step: dict, contexts: dict, variables: dict) -> tuple[bool, dict[str, str]]:
        """Run one step; return whether it has passed, and its outputs."""
        if "run" in step:
            environment = fill_all(variables | step.get("env", {}), contexts)
            return self.bash(step["run"], environment)
        inputs = fill_all(step.get("with", {}), contexts)
        if step["uses"].startswith("./"):
            return self.action(step["uses"], inputs, contexts, variables)
        if step["uses"].startswith("actions/upload-artifact@"):
            self.upload(**inputs)
        return True, {}

    def action(self, path: str, inputs: dict, contexts: dict, variables: dict) -> tuple[bool, dict]:
        """Run an action of the project's own."""
        folder = self.project / path
        plan = yaml.safe_load((folder / "action.yml").read_text(encoding="utf-8"))
        assert inputs.keys() <= plan["inputs"].keys(), f"{path} does not know all of {inputs}"
        defaults = {key: value.get("default", "") for key, value in plan["inputs"].items()}
        seen = {name: contexts[name] for name in CONTEXTS_OF_AN_ACTION & contexts.keys()}
        seen["inputs"] = defaults | inputs
        place = {"GITHUB_ACTION_PATH": str(folder)}
        passed, steps = self.steps(plan["runs"]["steps"], seen, variables | place)
        outputs = {name: output["value"] for name, output in plan["outputs"].items()}
        return passed, fill_all(outputs, seen | {"steps": steps})

    def bash(self, line: str, environment: dict[str, str]) -> tuple[bool, dict[str, str]]:
        """Run a line as GitHub does; nobody may have put a value into it."""
        assert "${{" not in line, f"{line!r} takes a value into a program; hand it over by `env`"
        output = self.scratch / "output"
        output.write_text("", encoding="utf-8")
        files = {"GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(self.summary)}
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", line],
            cwd=self.project,
            env={**self.environment, **environment, **files},
            check=False,
            text=True,
            encoding="utf-8",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self.log += done.stdout
        return done.returncode == 0, read_outputs(output)

    def upload(self, *, name: str, path: str, **how: str) -> None:
        """Keep a folder, as `upload-artifact` does."""
        kept = self.scratch / "artifacts" / name
        if (self.project / path).is_dir():
            shutil.copytree(self.project / path, kept)
        names = sorted(each.name for each in kept.iterdir()) if kept.is_dir() else []
        assert names or how.get("if-no-files-found") != "error", f"{path} holds nothing"
        self.artifacts[name] = names
