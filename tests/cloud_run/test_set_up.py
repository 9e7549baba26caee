"""What is made once, before the first deployment: in order, once only, and by real commands."""

import hashlib
import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.bakery import BakedProject
from tests.cloud_run import memory
from tests.cloud_run.conftest import Runner

SCRIPT = ("bash", "deploy/set-up.sh")
GIVEN = {
    "GCP_PROJECT": "a-project",
    "GCP_REGION": "europe-west1",
    "GCP_BILLING_ACCOUNT": "000000-111111-222222",
    "GITHUB_REPOSITORY": "octo-org/iris",
}
VARIABLE = re.compile(r"^gh variable set (\w+) --body (\S+)$", re.M)


def remembering(project: BakedProject, folder: Path) -> Runner:
    """Return a way to run the script with a `gcloud` that remembers."""
    runner = Runner(project.path, folder / "runner", GIVEN)
    memory.install(runner.programs / "gcloud")
    return runner


@pytest.fixture
def first(baked: BakedProject, tmp_path: Path) -> Runner:
    """Return a fresh project of Google's."""
    return remembering(baked, tmp_path)


def made(runner: Runner) -> list[list[str]]:
    """Return the calls that make something."""
    return [call for call in runner.calls("gcloud") if memory.MAKES & set(call)]


def bindings(runner: Runner) -> set[tuple[str, str]]:
    """Return who has got which role, on anything."""
    found = set()
    for call in runner.calls("gcloud"):
        flags = dict(word[2:].partition("=")[::2] for word in call if word.startswith("--"))
        if "add-iam-policy-binding" in call:
            member = flags["member"].rpartition("/")[2].partition("@")[0]
            found.add((member.removeprefix("serviceAccount:"), flags["role"]))
    return found


def commands(dry_run: str) -> list[str]:
    """Return the commands that a dry run prints, those that only look among them."""
    lines = (line.removeprefix("# unless it exists: ") for line in dry_run.splitlines())
    return [line for line in lines if line.startswith("gcloud ")]


def test_it_makes_everything_and_tells_github_s_variables(first: Runner) -> None:
    """Each variable that the workflows refuse to go on without."""
    done = first.run(*SCRIPT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(made(first)) == 8
    told = dict(VARIABLE.findall(done.stdout))
    known = first.ask("gcloud.VARIABLES")
    assert set(told) == set(known)
    assert told["GCP_BUCKET"] == f"iris-classifier-{memory.NUMBER}"
    assert (
        told["GCP_SERVICE_ACCOUNT"] == "iris-classifier-service@a-project.iam.gserviceaccount.com"
    )


def test_a_second_time_it_makes_nothing(first: Runner) -> None:
    """What is allowed is allowed again, which changes nothing; no second key is made."""
    before = first.run(*SCRIPT)
    calls = len(made(first))
    after = first.run(*SCRIPT)
    assert after.returncode == 0, after.stderr
    assert len(made(first)) == calls
    assert VARIABLE.findall(after.stdout) == VARIABLE.findall(before.stdout)
    assert "gh secret set" in before.stdout
    assert "gh secret set" not in after.stdout


def test_what_is_left_of_an_attempt_that_failed_is_taken_over(first: Runner) -> None:
    """Only the rest is made."""
    there = ["storage buckets gs://iris-classifier-123456789012", "secrets iris-classifier-keys"]
    (first.folder / "made.json").write_text(json.dumps(there), encoding="utf-8")
    done = first.run(*SCRIPT)
    assert done.returncode == 0, done.stderr
    assert len(made(first)) == 6


def test_a_command_that_fails_ends_it(first: Runner) -> None:
    """Nothing is built on what is not there."""
    memory.install(first.programs / "real")
    script = 'case "$*" in *" buckets create"*) exit 1 ;; esac\nexec "$(dirname "$0")/real" "$@"\n'
    (first.programs / "gcloud").write_text(f"#!/bin/sh\n{script}", encoding="utf-8")
    done = first.run(*SCRIPT)
    assert done.returncode == 1
    assert "gh variable set" not in done.stdout
    assert not first.calls("gcloud", "iam")


def test_roles_are_few(first: Runner) -> None:
    """None of them owns, edits or administers anything."""
    assert first.run(*SCRIPT).returncode == 0
    assert bindings(first) == {
        ("iris-classifier-service", "roles/logging.logWriter"),
        ("iris-classifier-service", "roles/monitoring.metricWriter"),
        ("iris-classifier-service", "roles/secretmanager.secretAccessor"),
        ("iris-classifier-service", "roles/storage.objectUser"),
        ("iris-classifier-caller", "roles/run.invoker"),
        ("iris", "roles/artifactregistry.writer"),
        ("iris", "roles/iam.serviceAccountUser"),
        ("iris", "roles/iam.workloadIdentityUser"),
        ("iris", "roles/logging.viewer"),
        ("iris", "roles/run.developer"),
        ("iris", "roles/storage.objectViewer"),
    }


def test_only_the_repositorys_main_branch_may_sign_in(first: Runner) -> None:
    """Every repository of GitHub's has tokens of the same issuer."""
    assert first.run(*SCRIPT).returncode == 0
    (provider,) = [call for call in made(first) if "create-oidc" in call]
    (condition,) = [word for word in provider if word.startswith("--attribute-condition=")]
    assert condition == (
        "--attribute-condition=assertion.repository == 'octo-org/iris'"
        " && assertion.ref == 'refs/heads/main'"
    )


def test_the_rollout_has_a_key_of_which_google_keeps_the_hash(first: Runner) -> None:
    """In the form that the service reads."""
    done = first.run(*SCRIPT)
    (key,) = re.findall(r"^gh secret set SERVICE_KEY --body (\S+) #", done.stdout, re.M)
    (kept,) = [each["input"] for each in first.calls_with_input("gcloud", "secrets", "create")]
    assert kept == f"rollout:{hashlib.sha256(key.encode()).hexdigest()}\n"
    assert len(key) == 64
    assert key not in json.dumps(first.calls())


def test_a_dry_run_runs_nothing_and_prints_all(first: Runner) -> None:
    """What it prints is what would be run."""
    dry = first.run(*SCRIPT, "--dry-run")
    assert dry.returncode == 0, dry.stderr
    assert first.calls() == []
    assert first.run(*SCRIPT).returncode == 0
    numbered = dry.stdout.replace("PROJECT_NUMBER", memory.NUMBER)
    printed = {tuple(shlex.split(line)) for line in commands(numbered)}
    run = {
        tuple(word for word in call if not word.startswith("--format="))
        for call in first.calls("gcloud")
    }
    assert run - printed == {("gcloud", "projects", "describe", "a-project")}
    assert printed <= run


def test_every_command_is_one_that_googles_client_knows(
    first: Runner, lint: Callable[[list[str]], list[str]]
) -> None:
    """With its flags, by the client's own parser."""
    found = commands(first.run(*SCRIPT, "--dry-run").stdout)
    assert len(found) == 30
    assert lint(found) == []
    assert lint(["gcloud storage buckets create gs://b --uniform-access"]) != []


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        pytest.param(
            {"GCP_REGION": "", "GITHUB_REPOSITORY": ""},
            "Set these variables first: GCP_REGION GITHUB_REPOSITORY",
            id="missing",
        ),
        pytest.param(
            {"GITHUB_REPOSITORY": "https://github.com/octo-org/iris"},
            "GITHUB_REPOSITORY is https://github.com/octo-org/iris; write it as owner/name",
            id="address",
        ),
        pytest.param(
            {"GITHUB_REPOSITORY": "o/r' || true || '"}, "write it as owner/name", id="condition"
        ),
    ],
)
def test_what_it_is_not_given_is_said_at_once(
    first: Runner, given: dict[str, str], complaint: str
) -> None:
    """Before anything is made."""
    done = first.run(*SCRIPT, **given)
    assert done.returncode == 2
    assert complaint in done.stderr
    assert first.calls() == []


def test_an_option_that_it_does_not_know_is_refused(first: Runner) -> None:
    """Someone who misspells --dry-run wants nothing to be run."""
    done = first.run(*SCRIPT, "--dryrun")
    assert (done.returncode, first.calls()) == (2, [])


@pytest.mark.parametrize("slug", [pytest.param("a", id="short"), pytest.param("", id="long")])
def test_names_keep_to_googles_limits(
    slug: str, bake: Callable[..., BakedProject], long_name: BakedProject, tmp_path: Path
) -> None:
    """Accounts have 6 to 30 characters, providers 4 to 32, buckets 3 to 63."""
    project = bake(deploy_target="cloud-run", project_slug=slug) if slug else long_name
    runner = remembering(project, tmp_path)
    done = runner.run(*SCRIPT)
    assert done.returncode == 0, done.stderr
    told = dict(VARIABLE.findall(done.stdout))
    label = "[a-z][a-z0-9-]{%d,%d}[a-z0-9]"
    for account in (told["GCP_SERVICE_ACCOUNT"], told["GCP_CALLER"]):
        assert re.fullmatch(label % (4, 28), account.partition("@")[0])
    provider = told["GCP_WORKLOAD_IDENTITY_PROVIDER"].rpartition("/")[2]
    assert re.fullmatch(label % (2, 30), provider)
    assert not provider.startswith("gcp-")
    assert re.fullmatch(label % (1, 61), told["GCP_BUCKET"])


def test_names_that_are_cut_alike_are_told_apart(
    bake: Callable[..., BakedProject], tmp_path: Path
) -> None:
    """Two services of one project of Google's share no account."""
    told = []
    for end in ("one", "two"):
        slug = f"a-name-whose-beginning-is-shared-{end}"
        runner = remembering(bake(deploy_target="cloud-run", project_slug=slug), tmp_path / end)
        told.append(dict(VARIABLE.findall(runner.run(*SCRIPT).stdout))["GCP_SERVICE_ACCOUNT"])
    assert len(set(told)) == 2


def test_it_is_clean_by_shellcheck(baked: BakedProject) -> None:
    """As it is rendered."""
    done = baked.run("shellcheck", "deploy/set-up.sh")
    assert done.returncode == 0, done.stdout
