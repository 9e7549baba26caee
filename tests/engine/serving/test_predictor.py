"""When the model fails, the fallback answers, and the failure is reported."""

import json
import logging
import re
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from modelserve.notify import Notifier
from modelserve.serving.app import wrap
from modelserve.serving.components import Components
from modelserve.types import Prediction
from starlette.testclient import TestClient

FAMILIES = ("iris", "diabetes")

MakeComponents = Callable[..., Components]
Row = dict[str, Any]
Answer = Callable[[int], Any]
PATIENCE_S = 10


class Scripted:
    """A model that answers with what a function of the number of rows returns."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer

    def run(self, tensors: Any) -> Any:
        """Answer."""
        return self.answer(len(next(iter(tensors.values()))))


def fail(_: int) -> Any:
    """Be a model that fails."""
    raise ValueError("the weights are gone")


FAILURES = [
    pytest.param(fail, id="raises"),
    pytest.param(lambda rows: np.full((rows, 1), np.nan, np.float32), id="not-a-number"),
    pytest.param(lambda rows: np.full((rows, 1), np.inf, np.float32), id="infinite"),
    pytest.param(lambda rows: np.zeros((rows + 1, 1), np.float32), id="too-many-rows"),
    pytest.param(lambda rows: np.zeros((rows, 99), np.float32), id="too-many-outputs"),
    pytest.param(lambda rows: np.zeros(rows, np.float32), id="flat"),
    pytest.param(lambda _: None, id="nothing"),
]


def widen(answer: Answer, width: int) -> Answer:
    """Return an answer as wide as the model's, so that only what is meant is wrong with it."""

    def widened(rows: int) -> Any:
        array = answer(rows)
        fits = isinstance(array, np.ndarray) and array.ndim == 2 and array.shape[1] == 1
        return np.repeat(array, width, axis=1) if fits else array

    return widened


@pytest.mark.parametrize("answer", FAILURES)
def test_the_prior_answers_for_a_model_that_fails(
    make_components: MakeComponents,
    row: Row,
    answer: Answer,
    caplog: pytest.LogCaptureFixture,
    trained: Any,
) -> None:
    components = make_components(Scripted(widen(answer, len(trained.manifest.fallback))))
    client = TestClient(wrap(components))
    response = client.post("/predict", json={"instances": [row] * 3})
    prior = np.asarray([trained.manifest.fallback] * 3, dtype=np.float32)
    expected = components.codec.outputs.rows(Prediction(prior, degraded=True))
    assert response.status_code == 200
    assert response.json()["degraded"] is True
    assert ",".join(expected) in response.text
    assert client.get("/health/ready").json()["degraded"] is True
    assert re.search(r"^model_degraded_total{.*} 3\.0$", client.get("/metrics").text, re.M)
    (record,) = [each for each in caplog.records if each.levelno >= logging.ERROR]
    assert record.getMessage() == "model failed, fallback answered"
    assert record.exc_info or vars(record)["reason"] == "the model's answer is not finite"
    ((key, text),) = components.notifier.messages
    assert key.startswith("model:")
    assert "the fallback answers" in text


@pytest.mark.parametrize("answer", FAILURES)
def test_a_model_that_fails_is_a_500_where_degraded_answers_are_off(
    make_components: MakeComponents,
    row: Row,
    answer: Answer,
    caplog: pytest.LogCaptureFixture,
    trained: Any,
) -> None:
    model = Scripted(widen(answer, len(trained.manifest.fallback)))
    components = make_components(model, degraded_answers=False)
    client = TestClient(wrap(components))
    response = client.post("/predict", json={"instances": [row]})
    assert response.status_code == 500
    assert response.json()["type"] == "urn:problem:model-failed"
    assert "weights" not in response.text
    (record,) = [each for each in caplog.records if each.levelno >= logging.ERROR]
    assert vars(record)["request_id"] == response.json()["request_id"]
    assert [key for key, _ in components.notifier.messages] == ["request:ModelError"]
    assert client.get("/health/ready").json()["degraded"] is True


class OneInvalid:
    """A model that answers the fallback, and infinity for the second row."""

    def __init__(self, fallback: tuple[float, ...]) -> None:
        self._fallback = np.asarray([fallback], dtype=np.float32)

    def run(self, tensors: Any) -> Any:
        """Answer."""
        outputs = np.repeat(self._fallback, len(next(iter(tensors.values()))), axis=0)
        outputs[1] = np.inf
        return outputs


def test_one_invalid_row_degrades_no_other(
    make_components: MakeComponents,
    row: Row,
    trained: Any,
    truth: Row,
    caplog: pytest.LogCaptureFixture,
    figures: Any,
) -> None:
    components = make_components(OneInvalid(trained.manifest.fallback), platform="sagemaker")
    client = TestClient(wrap(components))

    response = client.post("/predict", json={"instances": [row] * 3})

    answer = response.json()
    assert answer["degraded"] is True
    reason = "the model's answer is not finite"
    assert answer["warnings"] == [
        {"pointer": "/instances/1", "detail": f"the fallback answered: {reason}"}
    ]
    assert client.get("/health/ready").json()["degraded"] is False
    outcomes = [{"inference_id": answer["inference_id"], "row": i} | truth for i in range(3)]
    components.log_queue.flush()
    feedback = client.post("/feedback", json={"outcomes": outcomes}).json()
    assert (feedback["counted"], feedback["degraded"]) == (2, 1)
    exposed = figures(client.get("/metrics").text)
    assert exposed("model_degraded_total") == [1]
    assert exposed("model_rows_total") == [3]
    assert set(sum_by_field(exposed).values()) == {2}
    (record,) = [each for each in caplog.records if each.levelno >= logging.ERROR]
    assert (vars(record)["rows"], vars(record)["reason"]) == (1, reason)
    assert reason in components.notifier.messages[0][1]


def sum_by_field(exposed: Any) -> dict[str, float]:
    """Return how many outputs of the model were counted, by field."""
    sums: dict[str, float] = {}
    for each in exposed.samples:
        if each.name == "model_observations_total" and each.labels["kind"] == "output":
            field = each.labels["field"]
            sums[field] = sums.get(field, 0) + each.value
    return sums


def test_every_format_tells_of_an_invalid_row(
    make_components: MakeComponents, row: Row, trained: Any, tensors: Any
) -> None:
    components = make_components(OneInvalid(trained.manifest.fallback), platform="sagemaker")
    client = TestClient(wrap(components))

    lines = client.post(
        "/invocations",
        content="\n".join([json.dumps(row)] * 3),
        headers={"content-type": "application/jsonlines"},
    )
    protocol = client.post(
        components.oip.infer_paths()[0], json=tensors(components, [row] * 3)
    ).json()

    attributes = lines.headers["x-amzn-sagemaker-custom-attributes"].split(";")
    assert attributes[2:] == ["degraded=true", "warnings=1"]
    assert protocol["parameters"]["degraded"] is True
    assert protocol["parameters"]["warnings"] == [
        "/1: the fallback answered: the model's answer is not finite"
    ]


def test_a_model_that_recovers_answers_again(
    make_components: MakeComponents, row: Row, trained: Any
) -> None:
    model = Scripted(fail)
    client = TestClient(wrap(make_components(model)))
    client.post("/predict", json={"instances": [row]})
    model.answer = lambda rows: np.asarray([trained.manifest.fallback] * rows, dtype=np.float32)
    response = client.post("/predict", json={"instances": [row]})
    assert response.json()["degraded"] is False
    assert client.get("/health/ready").json()["degraded"] is False


def test_the_protocol_says_that_an_answer_is_degraded(
    make_components: MakeComponents, row: Row, trained: Any
) -> None:
    components = make_components(Scripted(fail))
    call = components.codec.gather([row])
    prediction = components.predictor.predict(call)
    assert prediction.degraded
    assert (
        prediction.outputs.tolist() == np.asarray([trained.manifest.fallback], np.float32).tolist()
    )
    assert b'"degraded":true' in components.oip.encode(call, prediction, "1")


class Hanging:
    """A webhook that hangs until it is let go."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.go = threading.Event()

    def send(self, text: str) -> None:
        """Hang."""
        self.entered.set()
        assert self.go.wait(PATIENCE_S), text


def test_no_request_waits_for_a_webhook_that_hangs(
    make_components: MakeComponents, row: Row
) -> None:
    webhook = Hanging()
    notifier = Notifier(webhook.send, interval_s=0, limit=2)
    client = TestClient(wrap(make_components(Scripted(fail), notifier=notifier)))
    for _ in range(5):
        answer = client.post("/predict", json={"instances": [row]}).json()
        assert answer["degraded"] is True
    assert webhook.entered.wait(PATIENCE_S)
    webhook.go.set()
    notifier.drain()
