"""The connection to MLflow names what is missing, and shows no credentials."""

import os
import sys

import pytest
from modelserve.errors import ConfigurationError
from modelserve.tracking.mlflow_client import (
    DEFAULTS,
    TRACKING_URI,
    connect,
    describe,
    server_address,
    server_name,
)

PASSWORD = "hunter2"
SERVER = f"https://user:{PASSWORD}@mlflow.example:8443/team a"


@pytest.fixture(autouse=True)
def _server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {TRACKING_URI: SERVER})


def test_without_a_server_there_is_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TRACKING_URI, " ")
    with pytest.raises(ConfigurationError, match="MLFLOW_TRACKING_URI is not set"):
        connect()


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(ConfigurationError, match=r"modelserve\[mlflow\].*nox -s lock.*nox -s dev"):
        connect()


def test_waits_are_short_unless_they_are_set(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("mlflow")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "99")
    connect()
    assert os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] == "99"
    assert os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] == "2"
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"
    assert DEFAULTS.keys() <= os.environ.keys()


@pytest.mark.parametrize(
    "address",
    [
        "sqlite:////tmp/x.db",
        "file:///tmp/runs",
        "ftp://x",
        "./mlruns",
        f"postgresql://user:{PASSWORD}@{'x' * 999}/db",
    ],
)
def test_what_is_no_servers_address_is_refused_by_a_whole_sentence_with_the_way_out(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    pytest.importorskip("mlflow")
    monkeypatch.setenv(TRACKING_URI, address)
    refusal = r"MLFLOW_TRACKING_URI is .*https://… or http://….*`mlflow server --backend-store-uri"
    with pytest.raises(ConfigurationError, match=refusal) as caught:
        connect()
    assert server_address()[:100] in str(caught.value)
    assert PASSWORD not in str(caught.value)
    assert describe(caught.value) == str(caught.value)


def test_credentials_are_not_shown() -> None:
    error = RuntimeError(f"API request to {SERVER.replace(' ', '%20')}/api failed:\n  no")
    assert PASSWORD not in server_address() + server_name() + describe(error)
    assert server_address() == "https://mlflow.example:8443/team a"
    assert describe(error).endswith("failed: no.")


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        pytest.param(SERVER, "mlflow.example_8443_team_a", id="path"),
        pytest.param("http://../../etc", "etc", id="upwards"),
        pytest.param("sqlite:///runs.db", "runs.db", id="file"),
        pytest.param("databricks", "databricks", id="word"),
        pytest.param("http://", "local", id="empty"),
    ],
)
def test_the_servers_name_is_one_part_of_a_path(
    monkeypatch: pytest.MonkeyPatch, address: str, expected: str
) -> None:
    monkeypatch.setenv(TRACKING_URI, address)
    assert server_name() == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "API request failed with exception Pool(host=x): Max retries exceeded with url: /a "
            '(Caused by E("C: Failed to establish: [Errno 111] Connection refused"))',
            "it does not answer: [Errno 111] Connection refused.",
            id="unreachable",
        ),
        pytest.param("", "ValueError.", id="empty"),
        pytest.param("x" * 9_999, f"{'x' * 400}.", id="long"),
        pytest.param("a.", "a.", id="sentence"),
    ],
)
def test_an_error_is_one_short_sentence(text: str, expected: str) -> None:
    assert describe(ValueError(text)) == expected
