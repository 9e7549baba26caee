"""A rollout by Google's real command line, against a small Google that stores what it gets."""

import time

import pytest

from tests.cloud_run.conftest import Runner
from tests.cloud_run.google import Google, token_for

pytestmark = pytest.mark.slow

NAME = "iris-classifier"
FIRST, SECOND, BROKEN = (f"registry.test/service@sha256:{each}" for each in "123")


@pytest.fixture
def serving(real: Runner, google: Google) -> str:
    """Return the revision that has all of the traffic after a first rollout."""
    revision, _ = real.ask(f"target.stage('{FIRST}')")
    real.ask(f"target.finish('{revision}')")
    assert (google.shares(NAME), google.tags(NAME)) == ({revision: 100}, {})
    time.sleep(1)  # a revision is named by the second
    return revision


def test_the_first_revision_gets_all_of_the_traffic_and_keeps_it(
    real: Runner, google: Google
) -> None:
    """Cloud Run takes no service that nobody could ask."""
    revision, previous = real.ask(f"target.stage('{FIRST}')")
    assert previous == ""
    assert google.shares(NAME) == {revision: 100}
    shifted = real.try_to(f"target.shift('{revision}', 10)")
    assert shifted.returncode == 0, shifted.stderr
    assert shifted.stdout.startswith(f"::notice::{revision} is the only revision")
    assert google.shares(NAME) == {revision: 100}


def test_a_revision_is_staged_asked_shifted_and_released(
    real: Runner, google: Google, serving: str
) -> None:
    """Step by step, it gets nothing, a tenth, all of the traffic."""
    revision, previous = real.ask(f"target.stage('{SECOND}')")
    assert previous == serving
    assert google.shares(NAME) == {serving: 100}
    assert google.tags(NAME) == {"canary": revision}

    url, token = real.ask(f"target.reach('{revision}').__enter__()")
    assert url == f"https://canary---{NAME}-abcdefghij-ew.a.run.app/predict"
    assert token == token_for(f"https://{NAME}-abcdefghij-ew.a.run.app")

    real.ask(f"target.shift('{revision}', 10)")
    assert google.shares(NAME) == {serving: 90, revision: 10}
    assert real.ask(f"target.problems('{revision}')") == []
    real.ask(f"target.finish('{revision}')")
    assert (google.shares(NAME), google.tags(NAME)) == ({revision: 100}, {})


def test_a_revision_is_taken_back(real: Runner, google: Google, serving: str) -> None:
    """Once or twice, it is the same."""
    revision, _ = real.ask(f"target.stage('{SECOND}')")
    real.ask(f"target.shift('{revision}', 10)")
    for _ in range(2):
        real.ask(f"target.rollback('{serving}', '{revision}')")
        assert (google.shares(NAME), google.tags(NAME)) == ({serving: 100}, {})


def test_a_revision_that_does_not_start_changes_nothing(
    real: Runner, google: Google, serving: str
) -> None:
    """The rollout says why; the next one begins where this one began."""
    google.broken.add(BROKEN)
    failed = real.try_to(f"target.stage('{BROKEN}')")
    assert failed.returncode != 0
    assert "GcloudError: run services replace" in failed.stderr
    assert "The container failed to start" in failed.stderr
    assert (google.shares(NAME), google.tags(NAME)) == ({serving: 100}, {})
    time.sleep(1)
    _, previous = real.ask(f"target.stage('{SECOND}')")
    assert previous == serving


def test_a_first_revision_that_does_not_start_leaves_no_service(
    real: Runner, google: Google
) -> None:
    """It would stand in the way of the next one."""
    google.broken.add(BROKEN)
    assert real.try_to(f"target.stage('{BROKEN}')").returncode != 0
    assert google.services == {}


def test_google_is_asked_what_is_wrong_with_a_revision(
    real: Runner, google: Google, serving: str
) -> None:
    """By its conditions, and by its log."""
    google.revisions[serving]["status"]["conditions"] = [
        {"type": "Ready", "status": "False", "message": "no memory is left"},
        {"type": "Active", "status": "False", "severity": "Info", "message": "no traffic"},
    ]
    asked = {"requestMethod": "POST", "requestUrl": "https://x/predict", "status": 500}
    google.log = [
        {"insertId": "1", "severity": "ERROR", "jsonPayload": {"message": "a\nb"}},
        {"insertId": "2", "severity": "ERROR", "textPayload": "Traceback"},
        {"insertId": "3", "severity": "ERROR", "httpRequest": asked},
    ]
    assert real.ask(f"target.problems('{serving}')") == [
        "Ready: no memory is left",
        "logged: a b",
        "logged: Traceback",
        "logged: POST https://x/predict: 500",
    ]
    (wanted,) = [body["filter"] for _, path, body in google.asked if path.endswith("entries:list")]
    assert f'resource.labels.revision_name="{serving}"' in wanted
    assert "severity>=ERROR" in wanted
