"""The smoke test asks a service over a real connection and reports everything wrong at once."""

import json
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import BaseServer
from typing import Any

import pytest
from modelserve import Project, errors, smoke
from modelserve.artifact import GOLDEN, Artifact
from modelserve.smoke import ServiceClient, check, predict_with_hooks
from modelserve.types import Rows

FAMILIES = ("iris", "diabetes")
Answer = dict[str, Any]
Reply = tuple[int, bytes]


class Fake(ThreadingHTTPServer):
    """A service whose every answer a test may change.

    Args:
        trained: the artifact whose golden cases it knows the answers to.
    """

    def __init__(self, trained: Artifact) -> None:
        super().__init__(("127.0.0.1", 0), Asking)
        self.url = f"http://127.0.0.1:{self.server_port}/a/predict?b=c"
        self.manifest = trained.manifest
        self.known = {
            json.dumps(case["input"]): case["output"] for case in trained.read_json(GOLDEN)
        }
        self.seen: list[tuple[str, dict[str, str]]] = []
        self.ports: set[int] = set()
        self.change: Callable[[Answer], Any] = lambda answer: answer
        self.statuses: list[int] = []
        self.delays_s: list[float] = []

    def answer(self, row: dict[str, Any]) -> Answer:
        """Return the right answer to one row."""
        numbers = self.known[json.dumps(row)]
        labels = self.manifest.labels
        prediction: Answer = {"value": numbers[0]}
        if labels:
            shares = dict(zip(labels, numbers, strict=True))
            prediction = {"label": max(shares, key=shares.__getitem__), "probabilities": shares}
        return {
            "predictions": [prediction],
            "model_version": self.manifest.version,
            "degraded": False,
        }


class Asking(BaseHTTPRequestHandler):
    """One connection to it."""

    server: Fake
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:  # pylint: disable=invalid-name
        """Answer."""
        self.server.seen.append((self.path, dict(self.headers)))
        self.server.ports.add(self.client_address[1])
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        time.sleep(self.server.delays_s.pop(0) if self.server.delays_s else 0)
        status = self.server.statuses.pop(0) if self.server.statuses else 200
        (row,) = body["instances"]
        content = json.dumps(self.server.change(self.server.answer(row))).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:  # pylint: disable=arguments-differ
        """Say nothing."""


def fail_to_load(*_: Any, **__: Any) -> None:
    """Fail as a hook may that reads a file of its own."""
    raise OSError("no disk")


@pytest.fixture
def fake(trained: Artifact, listen: Callable[[BaseServer], None]) -> Fake:
    """Return a service that answers as it should."""
    server = Fake(trained)
    listen(server)
    return server


@pytest.fixture
def complaints(fake: Fake, trained: Artifact) -> Callable[..., list[str]]:
    """Return a way to ask it."""

    def ask(**how: Any) -> list[str]:
        limits = {"requests": 1, "latency_ms": 10_000, "wait_s": 0} | how
        return check(ServiceClient(fake.url), trained, **limits)

    return ask


def test_a_service_that_answers_as_its_model_does_has_no_faults(
    fake: Fake, complaints: Callable[..., list[str]]
) -> None:
    assert complaints() == []
    # One question before the clock runs, then each golden case, all over one connection.
    assert len(fake.seen) == 1 + len(fake.known)
    assert {path for path, _ in fake.seen} == {"/a/predict?b=c"}
    assert len(fake.ports) == 1


def test_as_many_requests_are_sent_as_configured(
    fake: Fake, complaints: Callable[..., list[str]]
) -> None:
    assert complaints(requests=len(fake.known) + 7) == []
    assert len(fake.seen) == 1 + len(fake.known) + 7


def test_everything_wrong_is_reported_at_once(
    fake: Fake, complaints: Callable[..., list[str]]
) -> None:
    def spoil(answer: Answer) -> Answer:
        prediction = answer["predictions"][0]
        if "value" in prediction:
            prediction["value"] += 0.1
        else:
            prediction["probabilities"] = dict.fromkeys(prediction["probabilities"], 0.1)
        return answer | {"model_version": "other", "degraded": True}

    fake.change = spoil
    actual = complaints(latency_ms=0)
    version, degraded, *cases, late = actual
    assert version == f"model version other answers, not {fake.manifest.version}"
    assert degraded.startswith("the service is degraded")
    assert [case.split(" is answered by ")[0] for case in cases] == [
        f"golden case {number}" for number in range(len(fake.known))
    ]
    assert late.endswith("; 0 ms were allowed")


@pytest.mark.parametrize(
    ("off_by", "is_wrong"), [pytest.param(5e-6, False, id="rounded"), pytest.param(1e-3, True)]
)
def test_an_answer_may_differ_by_the_tolerance(
    fake: Fake, complaints: Callable[..., list[str]], off_by: float, is_wrong: bool
) -> None:
    def move(answer: Answer) -> Answer:
        prediction = answer["predictions"][0]
        if "value" in prediction:
            prediction["value"] *= 1 + off_by
        else:
            shares = prediction["probabilities"]
            prediction["probabilities"] = {label: share + off_by for label, share in shares.items()}
        return answer

    fake.change = move
    assert bool(complaints()) is is_wrong


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"predictions": []}, id="none"),
        pytest.param({"predictions": [{}]}, id="empty"),
        pytest.param({"predictions": [{"value": "x", "probabilities": {}}]}, id="no-number"),
    ],
)
def test_an_answer_of_another_shape_is_wrong(
    fake: Fake, complaints: Callable[..., list[str]], answer: Answer
) -> None:
    whole = {"model_version": fake.manifest.version, "degraded": False}
    fake.change = lambda _: whole | answer
    assert complaints()[0] == "golden case 0 is not answered by one prediction"


@pytest.mark.parametrize(("slow", "late"), [(1, False), (2, True)], ids=["one", "two"])
def test_one_late_answer_in_twenty_is_allowed_and_two_are_not(
    fake: Fake, complaints: Callable[..., list[str]], slow: int, late: bool
) -> None:
    assert len(fake.known) <= 20
    before_the_clock = 1.0
    fake.delays_s = [before_the_clock] + [0.5] * slow
    actual = complaints(requests=20, latency_ms=400)
    assert [each.endswith("; 400 ms were allowed") for each in actual] == [True] * late


def test_a_starting_service_is_waited_for(
    fake: Fake, complaints: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smoke, "PAUSE_S", 0.01)
    fake.statuses = [404, 503, 503]
    assert complaints(wait_s=30) == []


@pytest.mark.parametrize("status", [400, 401, 403, 422])
def test_a_lasting_error_is_not_waited_for(
    fake: Fake, complaints: Callable[..., list[str]], status: int
) -> None:
    fake.statuses = [status]
    with pytest.raises(errors.UnansweredError, match=f"answers with status {status}: "):
        complaints(wait_s=600)
    assert len(fake.seen) == 1


def test_waiting_ends(fake: Fake, complaints: Callable[..., list[str]]) -> None:
    fake.statuses = [503]
    with pytest.raises(errors.UnansweredError, match="answers with status 503"):
        complaints(wait_s=0)


def test_an_answer_that_is_not_a_json_object_is_an_error(
    fake: Fake, complaints: Callable[..., list[str]]
) -> None:
    fake.change = lambda _: 7
    with pytest.raises(errors.UnansweredError, match="not in JSON"):
        complaints()


def test_an_unreachable_service_is_reported_with_its_address(trained: Artifact) -> None:
    service = ServiceClient("http://127.0.0.1:1/predict")
    expected = r"http://127\.0\.0\.1:1/predict cannot be reached"
    with pytest.raises(errors.UnansweredError, match=expected):
        check(service, trained, requests=1, latency_ms=1, wait_s=0)


@pytest.mark.parametrize("url", ["ftp://host/x", "host/predict", "http://", "/predict"])
def test_an_invalid_address_is_rejected(url: str) -> None:
    with pytest.raises(errors.ConfigurationError, match="is not a URL"):
        ServiceClient(url)


@pytest.mark.parametrize(
    ("credentials", "sent"),
    [
        pytest.param({}, {}, id="none"),
        pytest.param({"token": "a"}, {"Authorization": "Bearer a"}, id="token"),
        pytest.param(
            {"token": "a", "key": "b"}, {"Authorization": "Bearer a", "X-API-Key": "b"}, id="both"
        ),
    ],
)
def test_credentials_are_sent(
    fake: Fake, trained: Artifact, credentials: dict[str, str], sent: dict[str, str]
) -> None:
    service = ServiceClient(fake.url, **credentials)
    assert not check(service, trained, requests=1, latency_ms=10_000, wait_s=0)
    for _, headers in fake.seen:
        known = {name: headers[name] for name in ("Authorization", "X-API-Key") if name in headers}
        assert known == sent


def test_https_is_supported() -> None:
    assert "https" in smoke.CONNECTIONS
    with pytest.raises(errors.UnansweredError, match="cannot be reached"):
        ServiceClient("https://127.0.0.1:1/predict").predict({})


@pytest.fixture
def hooked(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Return the project with a `postprocess` that leaves nothing of the usual prediction."""

    class Hooked(project.service_class):  # type: ignore[misc,name-defined]
        """A service that answers by another name."""

        def postprocess(self, predictions: list[Answer], rows: Rows) -> list[Answer]:
            """Return the highest probability, or the value."""
            del rows
            return [
                {"best": [max(each.get("probabilities", {"": each.get("value")}).values())], "n": 1}
                for each in predictions
            ]

    monkeypatch.setattr(Project, "service_class", Hooked)
    return project


def test_hooks_of_the_project_are_expected_of_the_service(
    fake: Fake, complaints: Callable[..., list[str]], hooked: Project, trained: Artifact
) -> None:
    predictions = predict_with_hooks(hooked, trained.folder)
    assert predictions
    best = [max(case["output"]) for case in trained.read_json(GOLDEN)]
    assert [each["best"][0] for each in predictions] == pytest.approx(best, rel=1e-6, abs=1e-5)

    def answer_with(change: float) -> Callable[[Answer], Answer]:
        def change_answer(answer: Answer) -> Answer:
            (given,) = answer["predictions"]
            shares = given.get("probabilities", {"": given.get("value")})
            return answer | {"predictions": [{"best": [max(shares.values()) + change], "n": 1}]}

        return change_answer

    fake.change = answer_with(5e-6)
    assert complaints(predictions=predictions) == []
    fake.change = answer_with(1.0)
    assert len(complaints(predictions=predictions)) == len(predictions)
    fake.change = lambda answer: answer
    assert len(complaints(predictions=predictions)) == len(predictions)


def test_a_model_that_cannot_be_loaded_is_reported_with_the_hook(
    hooked: Project, trained: Artifact, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hooked.service_class, "load_model", fail_to_load)
    with pytest.raises(errors.ArtifactError, match=r"^`load_model` in service.py failed.*no disk"):
        predict_with_hooks(hooked, trained.folder)


def test_without_hooks_the_golden_outputs_are_expected(project: Project, trained: Artifact) -> None:
    assert predict_with_hooks(project, trained.folder) is None


@pytest.mark.parametrize(
    ("status", "hint"),
    [
        pytest.param(401, True, id="unauthorised"),
        pytest.param(403, True, id="forbidden"),
        pytest.param(422, False, id="invalid"),
    ],
)
def test_a_refusal_names_the_variables_of_credentials(
    fake: Fake, complaints: Callable[..., list[str]], status: int, hint: bool
) -> None:
    fake.statuses = [status]
    with pytest.raises(errors.UnansweredError) as caught:
        complaints()
    assert ("Set SERVICE_KEY to an API key" in str(caught.value)) == hint
