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
from tests.workflows import stand_in

SCRIPT = ("bash", "deploy/set-up.sh")
GIVEN = {
    "GCP_PROJECT": "a-project",
    "GCP_REGION": "europe-west1",
    "GCP_BILLING_ACCOUNT": "000000-111111-222222",
    "GITHUB_REPOSITORY": "octo-org/iris",
}
KEY = re.compile(r"^gh secret set SERVICE_KEY --body (\S+)$", re.M)
VARIABLE = re.compile(r"^gh variable set (\w+) --body (\S+)$", re.M)


def remembering(project: BakedProject, folder: Path) -> Runner:
    """Return a way to run the script with a `gcloud` that remembers."""
    runner = Runner(project.path, folder / "runner", GIVEN)
    memory.install(runner.programs / "gcloud")
    stand_in.install(runner.programs / "sleep")  # patience is noted, and takes no time
    return runner


@pytest.fixture
def first(baked: BakedProject, tmp_path: Path) -> Runner:
    """Return a fresh project of Google's."""
    return remembering(baked, tmp_path)


def made(runner: Runner) -> list[list[str]]:
    """Return the calls that make something."""
    return [call for call in runner.calls("gcloud") if memory.MAKES & set(call)]


def reject(**calls: int) -> dict[str, str]:
    """Return the environment in which calls with these words, joined by `__`, are rejected."""
    return {"REJECTED": json.dumps([[words.split("__"), n] for words, n in calls.items()])}


def digest(key: str) -> str:
    """Return what Google keeps of a key."""
    return hashlib.sha256(key.encode()).hexdigest()


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
    assert (len(KEY.findall(before.stdout)), len(KEY.findall(after.stdout))) == (1, 0)
    assert "not shown again; deploy/set-up.sh --new-key replaces it" in after.stdout
    assert len(first.calls("gcloud", "secrets", "versions", "add")) == 1


def test_a_new_key_replaces_the_rollouts_and_no_other(first: Runner) -> None:
    """For a key that was lost; nothing else is made."""
    old = KEY.findall(first.run(*SCRIPT).stdout)
    keys = first.folder / "keys"
    keys.write_text(f"shop:1\n{keys.read_text(encoding='utf-8')}desk:2\n", encoding="utf-8")
    calls = len(first.calls("gcloud"))
    done = first.run(*SCRIPT, "--new-key")
    assert done.returncode == 0, done.stderr
    (new,) = KEY.findall(done.stdout)
    assert [new] != old
    assert keys.read_text(encoding="utf-8") == f"rollout:{digest(new)}\nshop:1\ndesk:2\n"
    assert len(first.calls("gcloud")) == calls + 2


@pytest.mark.parametrize("words", ["list", "access"])
def test_keys_that_cannot_be_read_are_not_replaced(first: Runner, words: str) -> None:
    """A new version would lock out every consumer."""
    first.run(*SCRIPT)
    options = ("--new-key",) if words == "access" else ()
    done = first.run(*SCRIPT, *options, **reject(**{f"secrets__versions__{words}": 99}))
    assert done.returncode == 1
    assert KEY.findall(done.stdout) == []
    assert len(first.calls("gcloud", "secrets", "versions", "add")) == 1


@pytest.mark.parametrize(
    "rejected",
    [
        pytest.param("billing__budgets__create", id="not-allowed"),
        pytest.param("billing__budgets__list", id="not-seen"),
        pytest.param("billingbudgets.googleapis.com", id="service-not-allowed"),
    ],
)
def test_who_may_create_no_budget_has_all_the_rest(first: Runner, rejected: str) -> None:
    """It comes last, and whoever pays for the account can create it."""
    done = first.run(*SCRIPT, **reject(**{rejected: 99}))
    assert done.returncode == 0, done.stderr
    assert len(KEY.findall(done.stdout)) == 1
    assert set(dict(VARIABLE.findall(done.stdout))) == set(first.ask("gcloud.VARIABLES"))
    complaint = "# No budget: ask whoever administers 000000-111111-222222 for one."
    assert (complaint in done.stderr) == (rejected != "billing__budgets__list")
    assert done.stdout.index("gh variable set") < done.stdout.index(
        "gcloud services enable billing"
    )


def test_without_a_billing_account_there_is_no_budget(first: Runner) -> None:
    """Who may not see one can set up everything else."""
    done = first.run(*SCRIPT, GCP_BILLING_ACCOUNT="")
    assert done.returncode == 0, done.stderr
    assert not first.calls("gcloud", "billing")
    assert "billing" not in json.dumps(first.calls("gcloud", "services"))
    assert "# No budget: to create one, set GCP_BILLING_ACCOUNT" in done.stdout


@pytest.mark.parametrize("kind", ["projects", "storage", "secrets", "artifacts", "iam"])
def test_a_role_that_is_rejected_for_some_seconds_is_granted(first: Runner, kind: str) -> None:
    """Google does not know an account everywhere when it has just created it."""
    done = first.run(*SCRIPT, **reject(**{f"{kind}__add-iam-policy-binding": 2}))
    assert done.returncode == 0, done.stderr
    assert first.calls("sleep") == [["sleep", "2"], ["sleep", "4"]]
    assert "trying again in 4 s" in done.stderr
    assert len(bindings(first)) == 11


def test_patience_ends(first: Runner) -> None:
    """After a minute, with Google's own words; a key that was made has been shown."""
    done = first.run(*SCRIPT, **reject(**{"iam__add-iam-policy-binding": 99}))
    assert done.returncode == 1
    assert sum(int(seconds) for _, seconds in first.calls("sleep")) == 62
    assert "Service account x does not exist." in done.stderr
    assert done.stderr.endswith("Remove the cause, and run this again: what exists stays.\n")
    assert len(KEY.findall(done.stdout)) == 1
    assert not first.calls("gcloud", "billing")


@pytest.mark.parametrize("number", range(1, 45, 4))
def test_whatever_fails_a_key_that_was_stored_has_been_shown(first: Runner, number: int) -> None:
    """At each call in turn, for good; the next run completes what is missing."""
    memory.install(first.programs / "real")
    count = 'n=$(($(cat "$STAND_INS/n" 2>/dev/null || echo 0) + 1)); echo $n >"$STAND_INS/n"'
    script = f'{count}\n[ $n -lt {number + 1} ] || exit 1\nexec "$(dirname "$0")/real" "$@"\n'
    (first.programs / "gcloud").write_text(f"#!/bin/sh\n{script}", encoding="utf-8")
    done = first.run(*SCRIPT)
    keys = first.folder / "keys"
    shown = KEY.findall(done.stdout)
    assert [f"rollout:{digest(key)}\n" for key in shown] == (
        [keys.read_text(encoding="utf-8")] if keys.exists() else []
    )
    (first.programs / "real").replace(first.programs / "gcloud")
    again = first.run(*SCRIPT)
    assert again.returncode == 0, again.stderr
    assert len(shown + KEY.findall(again.stdout)) == 1
    assert len(VARIABLE.findall(again.stdout)) == 6


def test_what_is_left_of_an_attempt_that_failed_is_taken_over(first: Runner) -> None:
    """Only the rest is made."""
    (first.folder / "keys").write_text("rollout:1\n", encoding="utf-8")
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
    (key,) = KEY.findall(done.stdout)
    (kept,) = first.calls_with_input("gcloud", "secrets", "versions", "add")
    assert kept["input"] == f"rollout:{digest(key)}\n"
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
    assert len(found) == 33
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
