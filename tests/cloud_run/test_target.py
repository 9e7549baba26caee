"""What a rollout asks Google's command line for, and what it does when that says no."""

import json

import pytest

from tests.cloud_run.conftest import VARIABLES, Runner

HOST = "iris-classifier-abcdefghij-ew.a.run.app"
LIST = ("gcloud", "run", "services", "list")
MOVE = ("gcloud", "run", "services", "update-traffic")
REPLACE = ("gcloud", "run", "services", "replace")
DESCRIBE = ("gcloud", "run", "revisions", "describe")


def stand(runner: Runner, *traffic: dict) -> None:
    """Let the service stand, with its traffic."""
    service = {"status": {"url": f"https://{HOST}", "traffic": traffic}}
    runner.reply(*LIST, says=json.dumps([service]))


def names(runner: Runner) -> list[str]:
    """Return which commands have been called, in order."""
    return [" ".join(call[1:4]) for call in runner.calls("gcloud")]


def sent_traffic(runner: Runner) -> list[dict]:
    """Return the traffic that a rendered description has."""
    kept = "traffic.without_canary(traffic.traffic_targets(traffic.describe()))"
    text: str = runner.ask(f"target.render('x', 'new', {kept})")
    return json.loads(text.split("\n  traffic: ")[1])


def test_every_call_names_the_project_and_waits_for_nobody(rehearsal: Runner) -> None:
    """A question that nobody answers would hang until the job is over."""
    stand(rehearsal, {"revisionName": "a", "percent": 100})
    rehearsal.reply(*DESCRIBE, says="{}")
    rehearsal.reply("gcloud", "logging", "read", says="[]")
    rehearsal.ask("target.stage('x@sha256:1')")
    rehearsal.ask("target.problems('a')")
    rehearsal.ask("target.finish('a')")
    calls = rehearsal.calls("gcloud")
    assert len(calls) == 5
    for call in calls:
        assert {f"--project={VARIABLES['GCP_PROJECT']}", "--quiet"} <= set(call)
        assert call[1] == "logging" or f"--region={VARIABLES['GCP_REGION']}" in call


def test_a_split_and_others_tags_stay_while_a_canary_is_staged(rehearsal: Runner) -> None:
    """The tag of an earlier canary does not."""
    stand(
        rehearsal,
        {"revisionName": "a", "percent": 70},
        {"revisionName": "b", "percent": 30, "tag": "stable", "url": "https://stable---x"},
        {"revisionName": "c", "tag": "canary", "url": "https://canary---x"},
    )
    assert sent_traffic(rehearsal) == [
        {"revisionName": "a", "percent": 70},
        {"revisionName": "b", "percent": 30, "tag": "stable"},
    ]
    _, previous = rehearsal.ask("target.stage('x@sha256:1')")
    assert previous == "a"


def test_a_revision_that_cannot_be_staged_is_taken_back(rehearsal: Runner) -> None:
    """And the failure is reported."""
    stand(rehearsal, {"revisionName": "a", "percent": 100})
    rehearsal.reply(*REPLACE, exit=1)
    done = rehearsal.try_to("target.stage('x@sha256:1')")
    assert done.returncode == 1
    assert "GcloudError: run services replace" in done.stderr
    listed, replaced, moved = rehearsal.calls("gcloud")
    assert (tuple(listed[:4]), tuple(replaced[:4]), tuple(moved[:4])) == (LIST, REPLACE, MOVE)
    assert {"--to-revisions=a=100", "--remove-tags=canary"} <= set(moved)


def test_a_change_that_was_made_counts_whatever_is_said_of_it(rehearsal: Runner) -> None:
    """A latest revision that does not start makes every change look failed."""
    stand(rehearsal, {"revisionName": "a", "percent": 100})
    rehearsal.reply(*MOVE, exit=1)
    assert rehearsal.try_to("target.rollback('a', 'b')").returncode == 0


@pytest.mark.parametrize(
    "traffic",
    [
        pytest.param([{"revisionName": "b", "percent": 100}], id="elsewhere"),
        pytest.param(
            [{"revisionName": "a", "percent": 90}, {"revisionName": "b", "percent": 10}],
            id="in-part",
        ),
        pytest.param(
            [{"revisionName": "a", "percent": 100}, {"revisionName": "b", "tag": "canary"}],
            id="still-reachable",
        ),
    ],
)
def test_a_change_that_was_not_made_fails(rehearsal: Runner, traffic: list[dict]) -> None:
    """Then somebody must look."""
    stand(rehearsal, *traffic)
    rehearsal.reply(*MOVE, exit=1)
    done = rehearsal.try_to("target.rollback('a', 'b')")
    assert done.returncode == 1
    assert "GcloudError: run services update-traffic" in done.stderr


@pytest.mark.parametrize(
    ("previous", "revision", "traffic"),
    [
        pytest.param("", "", [{"revisionName": "a", "percent": 100}], id="nothing-was-staged"),
        pytest.param("", "b", [{"revisionName": "a", "percent": 100}], id="others-answer"),
    ],
)
def test_a_service_that_others_use_is_never_taken_away(
    rehearsal: Runner, previous: str, revision: str, traffic: list[dict]
) -> None:
    """Only one that this rollout has begun."""
    stand(rehearsal, *traffic)
    rehearsal.ask(f"target.rollback('{previous}', '{revision}')")
    assert set(names(rehearsal)) <= {"run services list"}


def test_a_service_that_is_gone_needs_no_way_back(rehearsal: Runner) -> None:
    """The second time, there is nothing to do."""
    rehearsal.reply(*LIST, says="[]")
    rehearsal.ask("target.rollback('', 'a')")
    assert names(rehearsal) == ["run services list"]


def test_a_revision_without_an_address_cannot_be_asked(rehearsal: Runner) -> None:
    """The canary's address may be another one's by now."""
    stand(rehearsal, {"revisionName": "b", "tag": "canary", "url": f"https://canary---{HOST}"})
    done = rehearsal.try_to("target.reach('a').__enter__()")
    assert done.returncode == 1
    assert "a is not reachable: it has no tag canary" in done.stderr


def test_the_canary_is_asked_as_the_caller(rehearsal: Runner) -> None:
    """Only an account of Google's gets a token that says for whom it is."""
    stand(rehearsal, {"revisionName": "a", "tag": "canary", "url": f"https://canary---{HOST}"})
    rehearsal.reply("gcloud", "auth", says="a-token\n")
    address = rehearsal.ask("target.reach('a').__enter__()")
    assert address == [f"https://canary---{HOST}/predict", "a-token"]
    (asked,) = rehearsal.calls("gcloud", "auth", "print-identity-token")
    caller = f"--impersonate-service-account={VARIABLES['GCP_CALLER']}"
    assert {caller, f"--audiences=https://{HOST}"} <= set(asked)


def test_variables_that_are_missing_are_named_at_once(rehearsal: Runner) -> None:
    """With the way out, before anything is asked."""
    rehearsal.variables |= {"GCP_PROJECT": "", "GCP_BUCKET": ""}
    done = rehearsal.try_to("target.stage('x@sha256:1')")
    assert done.returncode == 2
    assert "::error::Repository variables are missing: GCP_PROJECT, GCP_BUCKET." in done.stdout
    assert "deploy/set-up.sh" in done.stdout
    assert rehearsal.calls("gcloud") == []


def test_the_image_is_named_as_the_registry_calls_it(rehearsal: Runner) -> None:
    """The repository in it is the one that set-up.sh makes."""
    done = rehearsal.deploy("sign-in")
    assert done.returncode == 0, done.stdout
    (line,) = [x for x in rehearsal.outputs.read_text("utf-8").splitlines() if "docker" in x]
    assert line == "europe-west1-docker.pkg.dev/a-project/iris-classifier/service"
    script = (rehearsal.project / "deploy" / "set-up.sh").read_text("utf-8")
    assert 'artifacts repositories create "$name"' in script
