"""One run of a workflow by `act` on this machine, read from what it logs."""

import json
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

Plan = dict[str, Any]
Place = tuple[str, str, str]  # a file, a job where it is a workflow, a step's id or its number

# bash reads this before each step. act gives a step a terminal to read from, loses the last lines
# of one that fails at once, and throws the summary away.
HOOK = """
unset BASH_ENV
export GITHUB_STEP_SUMMARY="$STAND_INS/summary.md"
exec </dev/null >>"$STAND_INS/log.txt" 2>&1
"""


class Run:
    """What came of one run.

    Args:
        project: the repository.
        kept: where its steps and the stand-ins leave what they have to say.
        workflow: the file's name.
        told: what act has logged, an entry a line.
        refused: what act itself complains of.
    """

    def __init__(self, project: Path, kept: Path, workflow: str, told: str, refused: str) -> None:
        """Read the log."""
        self.refused = refused
        self.plans = dict(plans(project))
        self.path = f".github/workflows/{workflow}"
        self.kept = kept
        entries = [json.loads(line) for line in told.splitlines() if line.startswith("{")]
        self.jobs = dict.fromkeys(self._all_jobs(), "skipped")
        self.jobs |= {
            self._name(each): each["jobResult"] for each in entries if "jobResult" in each
        }
        self.executed = {
            place
            for each in entries
            if each.get("stage") == "Main" and "stepResult" in each
            for place in self._places(each)
        }

    @cached_property
    def log(self) -> str:
        """What the steps have written."""
        return self._text("log.txt")

    @cached_property
    def summary(self) -> str:
        """What is shown on the run's page."""
        return self._text("summary.md")

    @property
    def artifacts(self) -> dict[str, list[str]]:
        """What was uploaded: the names of each artifact's files."""
        found = (self.kept / "artifacts").glob("*")
        return {each.name: sorted(file.name for file in each.iterdir()) for each in found}

    def _text(self, name: str) -> str:
        path = self.kept / name
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def _all_jobs(self) -> Iterator[str]:
        for key, job in self.plans[self.path]["jobs"].items():
            called = self.plans[job["uses"][2:]]["jobs"] if "uses" in job else {}
            yield from (f"{key}/{inner}" for inner in called) if called else (key,)

    def _name(self, entry: dict[str, Any]) -> str:
        """Return a job's name; one that was called bears its caller's before its own."""
        jobs = self.plans[self.path]["jobs"]
        callers = entry["job"].split("/")[:-2]
        keys = [key for key, job in jobs.items() if job.get("name", key) in callers]
        return "/".join([*keys, entry["jobID"]])

    def _places(self, entry: dict[str, Any]) -> Iterator[Place]:
        """Yield where a step stands, unless it is within an action of someone else's."""
        workflow, job = entry["job"].split("/")[-2], entry["jobID"]
        path = {plan["name"]: path for path, plan in self.plans.items()}[workflow]
        steps = self.plans[path]["jobs"][job]["steps"]
        *outer, last = entry["stepID"]
        for key in outer:
            step = dict(named(steps))[key]
            if not step["uses"].startswith("./"):
                return
            path, job = f"{step['uses'][2:]}/action.yml", ""
            steps = self.plans[path]["runs"]["steps"]
        yield path, job, last


def plans(project: Path) -> Iterator[tuple[str, Plan]]:
    """Yield each workflow and each action of the project's own, by its path."""
    for folder in ("workflows/*.yml", "actions/*/action.yml"):
        for path in sorted((project / ".github").glob(folder)):
            plan = yaml.safe_load(path.read_text(encoding="utf-8"))
            yield path.relative_to(project).as_posix(), plan


def named(steps: Sequence[Plan]) -> Iterator[tuple[str, Plan]]:
    """Yield each step by the name that act has for it."""
    for number, step in enumerate(steps):
        yield step.get("id", str(number)), step


def lines(project: Path) -> dict[Place, str]:
    """Return the `run:` line of each step that has one, by its place."""
    parts = [
        (path, job, part)
        for path, plan in plans(project)
        for job, part in (plan["jobs"].items() if "jobs" in plan else [("", plan["runs"])])
    ]
    return {
        (path, job, name): step["run"]
        for path, job, part in parts
        for name, step in named(part.get("steps", []))
        if "run" in step
    }
