"""The alarm function, called as Lambda calls it, with a local server for GitHub and the webhook."""

import json
import logging
import re
import socket
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from modelserve.deploy.targets.sagemaker import alarm_function

from tests.bakery import BakedProject
from tests.loopback import running

DISPATCHES = "/repos/octo-org/iris/actions/workflows/retrain.yml/dispatches"
HOOK = "/hook/secret"
DRIFT = {
    "AlarmName": "iris-drift",
    "AlarmArn": "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:iris-drift",
    "AlarmDescription": "Fields look otherwise than in training",
    "NewStateValue": "ALARM",
    "NewStateReason": "1 time series evaluated to ALARM",
    "StateChangeTime": "2026-01-31T09:14:03.102+0000",
}


class Listener(ThreadingHTTPServer):
    """A server that remembers what it is asked, and answers with a list of statuses, then 204."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Hearing)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.statuses: list[int] = []
        self.asked: list[tuple[str, dict[str, Any], str | None]] = []

    def paths(self) -> list[str]:
        """Return the path of each request."""
        return [path for path, _, _ in self.asked]


class Hearing(BaseHTTPRequestHandler):
    """One request."""

    server: Listener

    def do_POST(self) -> None:  # pylint: disable=invalid-name
        """Remember it, and answer."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((self.path, body, self.headers["Authorization"]))
        self.send_response(self.server.statuses.pop(0) if self.server.statuses else 204)
        self.end_headers()

    def log_message(self, *_: Any) -> None:  # pylint: disable=arguments-differ
        """Say nothing."""


class World:
    """Secrets, claims and pauses in memory."""

    def __init__(self) -> None:
        self.secrets = {"github-token": "ghp_secret"}
        self.claims: set[str] = set()
        self.pauses: list[float] = []

    def claim(self, key: str) -> bool:
        """Take a key once."""
        free = key not in self.claims
        self.claims.add(key)
        return free

    def dependencies(self) -> alarm_function.Dependencies:
        """Return it as the function takes it."""
        return alarm_function.Dependencies(
            lambda: self.secrets, self.claim, self.claims.remove, self.pauses.append
        )


@pytest.fixture
def listener(monkeypatch: pytest.MonkeyPatch) -> Iterator[Listener]:
    """Return a server that stands for GitHub and for the webhook."""
    server = Listener()
    monkeypatch.setenv("GITHUB_API", server.url)
    monkeypatch.setenv("REPOSITORY", "octo-org/iris")
    monkeypatch.setenv("WORKFLOW", "retrain.yml")
    monkeypatch.setenv("RETRAIN_ALARMS", "iris-drift")
    with running(server):
        yield server


@pytest.fixture
def world(listener: Listener) -> World:
    """Return surroundings in which all is set up."""
    made = World()
    made.secrets["webhook-url"] = f"{listener.url}{HOOK}"
    return made


@pytest.fixture
def handle(world: World) -> Callable[..., None]:
    """Return a way to call the function with an alarm, with changes to it."""

    def handle_one(**changes: str) -> None:
        record = {"Sns": {"Subject": "ALARM", "Message": json.dumps(DRIFT | changes)}}
        alarm_function.handle_alarms({"Records": [record]}, world.dependencies())

    return handle_one


def test_drift_starts_a_training_run_and_notifies(
    handle: Callable[..., None], listener: Listener
) -> None:
    """On main, with the token; the webhook gets the alarm's words."""
    handle()
    assert listener.asked[0] == (DISPATCHES, {"ref": "main"}, "Bearer ghp_secret")
    path, body, token = listener.asked[1]
    assert (path, token) == (HOOK, None)
    assert body["text"].startswith("ALARM: iris-drift. Fields look otherwise")


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"AlarmName": "iris-errors"}, id="another-alarm"),
        pytest.param({"NewStateValue": "OK"}, id="ok-again"),
        pytest.param({"NewStateValue": "INSUFFICIENT_DATA"}, id="no-data"),
    ],
)
def test_what_is_no_drift_only_notifies(
    handle: Callable[..., None], listener: Listener, changes: dict[str, str]
) -> None:
    """And starts no training run."""
    handle(**changes)
    assert listener.paths() == [HOOK]


def test_a_message_that_comes_twice_is_acted_upon_once(
    handle: Callable[..., None], listener: Listener
) -> None:
    """A topic may deliver it twice."""
    handle()
    handle()
    assert listener.paths() == [DISPATCHES, HOOK]


def test_each_change_of_state_counts(handle: Callable[..., None], listener: Listener) -> None:
    """By its time."""
    handle()
    handle(StateChangeTime="2026-02-01T09:14:03.102+0000")
    assert listener.paths() == [DISPATCHES, HOOK] * 2


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_failing_server_is_tried_again(
    handle: Callable[..., None], listener: Listener, world: World, status: int
) -> None:
    """After a pause, which grows."""
    listener.statuses = [status, status]
    handle()
    assert listener.paths() == [DISPATCHES] * 3 + [HOOK]
    assert world.pauses == [1, 4]


@pytest.mark.parametrize("status", [401, 404, 422])
def test_a_refusal_is_final_and_the_other_action_still_runs(
    handle: Callable[..., None], listener: Listener, world: World, status: int
) -> None:
    """Without a pause: another attempt would be rejected too."""
    listener.statuses = [status]
    with pytest.raises(RuntimeError, match="An action failed"):
        handle()
    assert listener.paths() == [DISPATCHES, HOOK]
    assert world.pauses == []


def test_what_failed_is_done_when_lambda_calls_again_and_nothing_else(
    handle: Callable[..., None], listener: Listener
) -> None:
    """What succeeded is not done twice."""
    listener.statuses = [503] * 4
    with pytest.raises(RuntimeError):
        handle()
    handle()
    assert listener.paths() == [DISPATCHES] * 4 + [HOOK, DISPATCHES]


def test_a_server_that_never_answers_is_given_up(
    handle: Callable[..., None],
    world: World,
    listener: Listener,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After four attempts."""
    monkeypatch.setattr(alarm_function, "TIMEOUT_S", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        world.secrets["webhook-url"] = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with pytest.raises(RuntimeError):
            handle()
    assert listener.paths() == [DISPATCHES]
    assert world.pauses == [1, 4, 9]


def test_all_tries_fit_into_the_functions_time(project: BakedProject) -> None:
    """For GitHub and for the webhook."""
    tries = len(alarm_function.PAUSES_S) + 1
    longest_s = 2 * (tries * alarm_function.TIMEOUT_S + sum(alarm_function.PAUSES_S))
    template = project.read("deploy/service.yaml")
    (allowed_s,) = re.findall(r"^ +Timeout: (\d+)$", template, re.MULTILINE)
    assert longest_s < int(allowed_s)


@pytest.mark.parametrize("missing", ["github-token", "webhook-url"])
def test_without_a_secret_its_action_is_skipped(
    handle: Callable[..., None], listener: Listener, world: World, missing: str
) -> None:
    """And the other one is done."""
    del world.secrets[missing]
    handle()
    assert listener.paths() == [HOOK if missing == "github-token" else DISPATCHES]


@pytest.mark.parametrize(
    "message",
    [
        pytest.param("AWS Budget Notification", id="budget"),
        pytest.param('{"AlarmName": "iris-drift"}', id="no-alarm"),
        pytest.param("[]", id="no-object"),
    ],
)
def test_what_is_no_alarm_is_ignored(world: World, listener: Listener, message: str) -> None:
    """A budget's notification, say."""
    record = {"Sns": {"Message": message}}
    alarm_function.handle_alarms({"Records": [record]}, world.dependencies())
    assert listener.asked == []


def test_no_secret_is_logged(
    handle: Callable[..., None], listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    """A webhook's address lets anyone write to it."""
    caplog.set_level(logging.DEBUG)
    listener.statuses = [500, 401, 403]
    with pytest.raises(RuntimeError):
        handle()
    said = " ".join(str(vars(record)) for record in caplog.records)
    assert "'reason': 401" in said
    assert "secret" not in said
