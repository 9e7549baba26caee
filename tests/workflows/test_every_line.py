"""Every `run:` line of every workflow and action is run at least once, on every target.

What asks a cloud behind such a line has tests of its own, against something that plays the cloud;
here a few of its modules only set the outputs that they would.
"""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from modelserve.deploy.propose_update import CRUFT

from tests.bakery import CHOICES, BakedProject
from tests.history import commit_all, git
from tests.workflows import stand_in
from tests.workflows.repository import NOX, TARGETS, Repository
from tests.workflows.run import Run, lines
from tests.workflows.store import Store

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
MANIFEST = json.dumps({"version": "7", "metrics": {}})
FOUND = {"violations": [{"feature_name": "x", "description": "y"}]}
OUTPUTS = """
from ... import workflow


def main():
    workflow.set_output(configured="true", image="registry.example/iris", stage="runtime")
"""
CALLS_A_CLOUD = (  # of any target's modules
    *("cloud_run/captures.py", "kubernetes/captures.py", "sagemaker/captures.py"),
    *("kubernetes/sign_in.py", "sagemaker/sign_in.py"),
)
PROGRAMS = ("aws", "docker", "gcloud", "kubectl", "target")
VARIABLES = {
    "RETRAIN_ON_VIOLATION": "true",
    "WATCH_MINUTES": "0",
    **dict.fromkeys(("GCP_PROJECT", "GCP_BUCKET", "GCP_SERVICE_ACCOUNT", "GCP_CALLER"), "iris"),
    **{"GCP_REGION": "europe-west1", "GCP_WORKLOAD_IDENTITY_PROVIDER": "projects/1/github"},
    **{"AWS_ROLE_ARN": "arn:a", "AWS_MONITOR_ROLE_ARN": "arn:b", "AWS_REGION": "eu-west-1"},
    "KUBE_SERVER": "https://cluster.example",
}


def prepare(project: BakedProject, folder: Path) -> Repository:
    """Return a repository that is set up for any target, and where all goes well."""
    repository = Repository(project, folder)
    repository.variables |= VARIABLES
    for program in PROGRAMS:
        stand_in.install(repository.programs / program)
    targets = repository.path / TARGETS
    for name in CALLS_A_CLOUD:
        (targets / name).write_text(OUTPUTS, encoding="utf-8")
    for path in targets.glob("*/target.py"):
        shutil.copy(HERE / "fake_target.py", path)
    made = {f"{folder}/manifest.json": MANIFEST for folder in ("model", "candidate")}
    made["candidate/MODEL_CARD.md"] = "# Model card"
    repository.reply(*NOX, "train", writes=made)
    repository.reply(*NOX, "sbom", writes={"sbom.json": "{}"})
    repository.reply("uses", "docker/build-push-action", says="digest=sha256:1\n")
    repository.reply("target", "stage", says="r2\nr1\n")
    report = {"report/constraint_violations.json": json.dumps(FOUND)}
    repository.reply(repository.command, "monitor", exit=3, writes=report)
    repository.reply("gh", "issue", "list", says="[]")
    let_a_candidate_win(repository)
    release_a_template(repository)
    return repository


def let_a_candidate_win(repository: Repository) -> None:
    """Let captures give rows on which a candidate is better, so that it is proposed."""
    fetched = {"fetched/ground-truth/x.jsonl": "", "fetched/model/manifest.json": MANIFEST}
    repository.reply(*NOX, "dev", writes=fetched)
    written = (f'{{"x":{i},"__captured_at":"2026-01-31T0{i}:00:00Z"}}\n' for i in range(8))
    rows = {"fetched/collected.jsonl": "".join(written)}
    repository.reply(repository.command, "collect", writes=rows)
    report = {"champion": "1", "candidate": "7", "reasons": [], "comparison": None}
    compared = {"fetched/comparison.json": json.dumps(report), "promotions.jsonl": "{}\n"}
    repository.reply(repository.command, "promote", writes=compared)
    repository.reply("gh", "pr", "list", says="[]")
    repository.receive_pushes()


def release_a_template(repository: Repository) -> None:
    """Let the project's template have a release, and cruft update the project to it."""
    template = repository.folder / "template"
    template.mkdir()
    (template / "cookiecutter.json").write_text("{}", encoding="utf-8")
    commit_all(template)
    git(template, "tag", "v1.0.0")
    state = json.dumps({"template": str(template), "commit": "0" * 40})
    (repository.path / ".cruft.json").write_text(state, encoding="utf-8")
    commit_all(repository.path)
    repository.reply("uvx", CRUFT, "update", writes={"SECURITY.md": "Of the release.\n"})


def runs(project: BakedProject, folder: Path, store: Store) -> Iterator[Run]:
    """Yield a run of each workflow, and of some the runs that end in another way."""
    plain = [
        ("ci.yml", "pull_request", {}),
        ("ci.yml", "schedule", {}),
        ("monitor.yml", "schedule", {}),
        ("retrain.yml", "workflow_dispatch", {}),
        ("update.yml", "schedule", {}),
    ]
    deploys = (project.path / ".github" / "workflows" / "deploy.yml").exists()
    pushed = [
        ("deploy.yml", "push", {}),
        ("deploy.yml", "push", {"call": ("target", "finish"), "exit": 1}),
        ("deploy.yml", "workflow_dispatch", {}),
    ]
    for number, (workflow, event, trouble) in enumerate(plain + (pushed if deploys else [])):
        repository = prepare(project, folder / str(number))
        repository.variables["CAPTURES_URL"] = store.url
        repository.replies += [trouble] if trouble else []
        typed = (
            {"revision": "r0"} if (workflow, event) == ("deploy.yml", "workflow_dispatch") else {}
        )
        yield repository.run(workflow, event, **typed)


@pytest.mark.parametrize("target", CHOICES["deploy_target"])
def test_every_line_is_run(shared_bake, store: Store, tmp_path: Path, target: str) -> None:
    """A step that is added, and that no run here comes by, is named."""
    project = shared_bake(f"scikit-learn-classifier--{target}")
    ended = list(runs(project, tmp_path, store))
    executed = set().union(*(run.executed for run in ended))
    missed = {place: line for place, line in lines(project.path).items() if place not in executed}
    assert not missed, "\n".join(run.log for run in ended)
    assert len(lines(project.path)) > 10


def test_a_line_that_nothing_runs_is_named(repository: Repository) -> None:
    """Whether its condition is never met, or another step fails before it."""
    path = repository.path / ".github" / "workflows" / "ci.yml"
    step = "      - name: Never\n        if: github.event_name == 'never'\n        run: \"true\"\n"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("      - name: Lint\n", f"{step}      - name: Lint\n"), "utf-8")
    repository.reply(*NOX, "tests", exit=1)
    run = repository.run("ci.yml", "pull_request")
    checks = {place: line for place, line in lines(repository.path).items() if place[1] == "check"}
    missed = [line for place, line in checks.items() if place not in run.executed]
    assert [line.rpartition(" ")[2] for line in missed] == ["true", "train"]
