"""Alertmanager's webhook starts a training run on GitHub, once for an alert in an interval."""

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from modelserve.deploy.relay_alerts import Relay, firing

from tests.bakery import LIBRARY
from tests.loopback import running
from tests.workflows.github import GitHub, running_relay

DRIFT = {"alertname": "InputDrift", "model": "iris", "version": "1", "severity": "ticket"}
KEY = "relay-key"


def message(*labels: dict[str, str], status: str = "firing") -> dict[str, Any]:
    """Return a message as Alertmanager sends it."""
    alerts = [{"status": status, "labels": each} for each in labels]
    return {"version": "4", "status": status, "alerts": alerts}


@pytest.fixture
def github() -> Iterator[GitHub]:
    """Return GitHub's API."""
    server = GitHub()
    with running(server):
        yield server


Post = Callable[..., tuple[int, str]]


@contextmanager
def relaying(github: GitHub, folder: Path, **variables: str) -> Iterator[Post]:
    """Run the relay, and yield what posts a body to it."""
    with running_relay(github, folder, **variables) as address:
        port = int(address.rpartition(":")[2])

        def post(body: object, key: str = "", **headers: str) -> tuple[int, str]:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            if key:
                headers["Authorization"] = f"Bearer {key}"
            connection.request("POST", "/", content, headers)
            response = connection.getresponse()
            text = response.read().decode()
            connection.close()
            return response.status, text

        post.port = port  # type: ignore[attr-defined]
        yield post


def test_a_firing_alert_starts_one_run(github: GitHub, tmp_path: Path) -> None:
    with relaying(github, tmp_path) as post:
        assert post(message(DRIFT)) == (200, "started for InputDrift iris 1\n")
        assert post(message(DRIFT)) == (200, "nothing to start\n")
    payload = {name: DRIFT[name] for name in ("alertname", "model", "version")}
    body = {"event_type": "retrain", "client_payload": payload}
    assert github.dispatched == [("/repos/octo-org/iris/dispatches", "Bearer ghp", body)]


def test_a_resolved_alert_starts_nothing(github: GitHub, tmp_path: Path) -> None:
    with relaying(github, tmp_path) as post:
        assert post(message(DRIFT, status="resolved")) == (200, "nothing to start\n")
    assert github.dispatched == []


def test_an_alert_that_github_refused_is_tried_again(github: GitHub, tmp_path: Path) -> None:
    with relaying(github, tmp_path) as post:
        github.status = 401
        assert post(message(DRIFT)) == (502, "GitHub answered 401: Unauthorized\n")
        github.status = 204
        assert post(message(DRIFT))[0] == 200
    assert len(github.dispatched) == 2


def test_a_token_that_was_renewed_is_used(github: GitHub, tmp_path: Path) -> None:
    with relaying(github, tmp_path) as post:
        (tmp_path / "token").write_text("new")
        post(message(DRIFT))
    assert github.dispatched[0][1] == "Bearer new"


def test_a_token_that_is_none_is_not_shown(github: GitHub, tmp_path: Path) -> None:
    with relaying(github, tmp_path) as post:
        (tmp_path / "token").write_text("ghp_first\nghp_second")
        status, text = post(message({"alertname": "InputDrift"}))
    assert status == 502
    assert "holds no token on a single line" in text
    assert "ghp_" not in text


def test_callers_need_the_key(github: GitHub, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{KEY}\n")
    with relaying(github, tmp_path, RELAY_KEY_FILE=str(tmp_path / "key")) as post:
        assert [post(message(DRIFT), key)[0] for key in ("", "wrong", "é", KEY)] == [
            *(401, 401, 401),
            200,
        ]
    assert len(github.dispatched) == 1


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param(b"", "Expecting value", id="nothing"),
        pytest.param(b"\xff", "invalid start byte", id="no-text"),
        pytest.param(b"[]", "no message of Alertmanager's", id="a-list"),
        pytest.param(b'{"alerts": [1]}', "no label `alertname`", id="no-alert"),
        pytest.param(b'{"alerts": [{"labels": []}]}', "no label `alertname`", id="no-labels"),
        pytest.param(b"[" * 100_000, "recursion", id="nested"),
    ],
)
def test_other_bodies_are_refused_and_the_relay_goes_on(
    github: GitHub, tmp_path: Path, body: bytes, reason: str
) -> None:
    with relaying(github, tmp_path) as post:
        status, text = post(body)
        assert (status, reason in text) == (400, True), text
        assert post(message(DRIFT))[0] == 200


def test_a_body_of_unknown_or_large_length_is_refused(github: GitHub, tmp_path: Path) -> None:
    with relaying(github, tmp_path) as post:
        with socket.create_connection(("127.0.0.1", post.port), timeout=10) as client:  # type: ignore[attr-defined]
            client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n")
            assert b" 413 " in client.recv(1_000)
        assert post(message(DRIFT))[0] == 200


def test_a_client_that_sends_nothing_keeps_nobody_waiting(github: GitHub, tmp_path: Path) -> None:
    with (
        relaying(github, tmp_path) as post,
        socket.create_connection(("127.0.0.1", post.port)),  # type: ignore[attr-defined]
    ):
        time.sleep(0.1)
        assert post(message(DRIFT))[0] == 200


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        pytest.param({"GITHUB_REPOSITORY": ""}, "Set GITHUB_REPOSITORY", id="no-repository"),
        pytest.param({"GITHUB_TOKEN_FILE": "none"}, "GITHUB_TOKEN_FILE to a file", id="no-token"),
        pytest.param({"RELAY_KEY_FILE": "empty"}, "RELAY_KEY_FILE names is empty", id="no-key"),
        pytest.param({"RELAY_KEY_FILE": "none"}, "RELAY_KEY_FILE does not name", id="no-key-file"),
        pytest.param({"RELAY_HOURS": "a day"}, "RELAY_HOURS is 'a day'", id="hours"),
        pytest.param({"RELAY_HOURS": "nan"}, "RELAY_HOURS is 'nan'", id="no-hours"),
        pytest.param({"RELAY_PORT": "65536"}, "RELAY_PORT is '65536'", id="port"),
        pytest.param({"RELAY_PORT": "80.5"}, "RELAY_PORT is '80.5'", id="half-port"),
        pytest.param(
            {"RELAY_HOST": "192.0.2.1"},  # for documentation: no machine has it
            "cannot listen on port 8085 of 192.0.2.1: Cannot assign requested address. Choose",
            id="host",
        ),
    ],
)
def test_what_is_missing_is_named(tmp_path: Path, variables: dict[str, str], reason: str) -> None:
    for name in ("token", "empty"):
        (tmp_path / name).write_text("" if name == "empty" else "ghp")
    given = {"GITHUB_REPOSITORY": "octo-org/iris", "GITHUB_TOKEN_FILE": "token", **variables}
    done = subprocess.run(
        [sys.executable, "-m", "modelserve.deploy", "relay-alerts"],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(LIBRARY / "src"), **given},
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert (done.returncode, reason in done.stdout) == (2, True), done.stdout


def test_an_alert_starts_another_run_after_the_interval() -> None:
    started: list[Any] = []
    times = iter([0.0, 99.0, 101.0])
    relay = Relay(started.append, interval_s=100, clock=lambda: next(times))
    alerts = firing(message(DRIFT, DRIFT))
    assert [len(relay.receive(alerts)) for _ in range(3)] == [1, 0, 1]


def test_each_version_and_each_alert_starts_a_run() -> None:
    started: list[Any] = []
    relay = Relay(started.append, interval_s=100)
    other = DRIFT | {"version": "2"}
    assert len(relay.receive(firing(message(DRIFT, other, {"alertname": "InputDrift"})))) == 3
