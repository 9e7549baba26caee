"""The challenger answers finished requests, and holds up nobody."""

import logging
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from modelserve.artifact import Artifact
from modelserve.errors import InvalidInputError
from modelserve.serving.metrics_registry import MetricsRegistry
from modelserve.serving.observers import RequestLogQueue
from modelserve.serving.request_context import RequestContext
from modelserve.serving.shadow import shadow_observer
from modelserve.serving.shadow.shadow_observer import ShadowObserver, group
from modelserve.serving.shadow.shadow_queue import ShadowedRequest
from modelserve.types import ModelInput

from tests.engine.serving.shadow.conftest import BrokenModel, FakeModel

FAMILIES = ("iris", "diabetes")

Answered = Callable[..., RequestContext]
Until = Callable[[Callable[[], object]], None]
MakeObserver = Callable[..., ShadowObserver]


class Exposed:
    """Reads one number of what is exposed."""

    def __init__(self, series: MetricsRegistry, figures: Any) -> None:
        self._series, self._figures = series, figures

    def __call__(self, name: str, **labels: str) -> float:
        """Return the value of a series."""
        text = self._series.expose().decode()
        (value,) = self._figures(text)(f"model_challenger_{name}", **labels)
        return float(value)


@pytest.fixture
def exposed(series: MetricsRegistry, figures: Any) -> Exposed:
    """Return what the challenger's metrics say."""
    return Exposed(series, figures)


def test_rows_are_joined_to_few_calls_and_compared(
    make_observer: MakeObserver,
    answered: Answered,
    exposed: Exposed,
    until: Until,
    trained: Artifact,
) -> None:
    model = FakeModel(*trained.manifest.fallback)
    observer = make_observer(model, most_rows=6)
    observer.record([answered(rows) for rows in (1, 2, 3, 4, 9)])
    until(lambda: exposed("rows_total") == 19)

    assert [len(each["features"]) for each in model.calls] == [6, 4, 9]
    assert exposed("difference_sum") == 0
    assert exposed("seconds_count") == 19
    if trained.manifest.labels:
        assert exposed("agreeing_total") == 19


def test_requests_of_another_kind_are_called_apart(
    make_observer: MakeObserver,
    answered: Answered,
    exposed: Exposed,
    until: Until,
    trained: Artifact,
) -> None:
    model = FakeModel(*trained.manifest.fallback)
    observer = make_observer(model)
    observer.record([answered(1, width=width) for width in (4, 3, 4)])
    until(lambda: exposed("rows_total") == 3)

    assert [each["features"].shape for each in model.calls] == [(2, 4), (1, 3)]


def test_degraded_answers_are_counted_and_not_compared(
    make_observer: MakeObserver, answered: Answered, exposed: Exposed
) -> None:
    model = FakeModel(1.0)
    observer = make_observer(model)
    observer.record([answered(3, degraded=True), answered(2, degraded=True)])

    assert exposed("uncompared_total", reason="degraded") == 5
    observer.close()
    assert not model.calls


def test_the_rows_beside_those_of_the_fallback_are_compared(
    make_observer: MakeObserver,
    answered: Answered,
    exposed: Exposed,
    until: Until,
    trained: Artifact,
) -> None:
    observer = make_observer(FakeModel(*trained.manifest.fallback))
    mixed = answered(3, degraded=True)
    assert mixed.prediction
    mixed.prediction = mixed.prediction._replace(invalid={1: "not finite"})
    observer.record([mixed, answered(2)])
    until(lambda: exposed("rows_total") == 4)

    assert exposed("uncompared_total", reason="degraded") == 1
    assert exposed("uncompared_total", reason="failed") == 0
    assert exposed("difference_sum") == 0


def test_requests_without_an_answer_are_left_out(
    make_observer: MakeObserver, make_context: Answered, exposed: Exposed
) -> None:
    model = FakeModel(1.0)
    observer = make_observer(model)
    observer.record([make_context(status=422), make_context(route="/model")])
    observer.close()

    assert not model.calls
    assert exposed("uncompared_total", reason="dropped") == 0


@pytest.mark.parametrize(
    ("percentage", "low", "high"),
    [
        pytest.param(0, 0, 0, id="none"),
        pytest.param(20, 100, 300, id="a-fifth"),
        pytest.param(100, 1_000, 1_000, id="all"),
    ],
)
def test_a_share_of_requests_is_sampled(
    make_observer: MakeObserver,
    answered: Answered,
    exposed: Exposed,
    percentage: float,
    low: int,
    high: int,
) -> None:
    observer = make_observer(FakeModel(1.0), percentage=percentage)
    observer.record([answered(1, degraded=True) for _ in range(1_000)])
    assert low <= exposed("uncompared_total", reason="degraded") <= high


def test_a_slow_challenger_drops_what_does_not_fit_and_delays_nobody(
    make_observer: MakeObserver,
    answered: Answered,
    exposed: Exposed,
    until: Until,
    monkeypatch: pytest.MonkeyPatch,
    trained: Artifact,
) -> None:
    monkeypatch.setattr(shadow_observer, "QUEUE_ROWS", 10)
    go = threading.Event()
    model = FakeModel(*trained.manifest.fallback, go=go)
    observer = make_observer(model)
    log_queue = RequestLogQueue([observer])
    try:
        log_queue.add(answered(1))
        until(model.entered.is_set)
        for _ in range(100):
            log_queue.add(answered(1))
        log_queue.flush()
        assert exposed("uncompared_total", reason="dropped") == 90
        assert exposed("rows_total") == 0
        go.set()
        until(lambda: exposed("rows_total") == 11)
    finally:
        go.set()
        log_queue.close()


def test_what_waits_at_the_end_is_dropped_and_counted(
    make_observer: MakeObserver,
    answered: Answered,
    exposed: Exposed,
    until: Until,
    trained: Artifact,
) -> None:
    go = threading.Event()
    model = FakeModel(*trained.manifest.fallback, go=go)
    observer = make_observer(model, most_rows=1)
    observer.record([answered(1), answered(1)])
    until(model.entered.is_set)
    observer.record([answered(5)])
    closing = threading.Thread(target=observer.close)
    closing.start()
    until(observer._stop.is_set)  # pylint: disable=protected-access
    go.set()
    closing.join()

    assert len(model.calls) == exposed("rows_total") == 1
    assert exposed("uncompared_total", reason="dropped") == 6


def test_a_failing_challenger_is_counted_and_logged_once(
    make_observer: MakeObserver,
    answered: Answered,
    exposed: Exposed,
    until: Until,
    caplog: pytest.LogCaptureFixture,
) -> None:
    observer = make_observer(BrokenModel(), most_rows=2)
    with caplog.at_level(logging.ERROR):
        observer.record([answered(2), answered(2), answered(2)])
        until(lambda: exposed("uncompared_total", reason="failed") == 6)

    (record,) = [each for each in caplog.records if each.message == "challenger failed"]
    assert "no answer to ['features']" in str(record.exc_info)
    assert exposed("rows_total") == 0


def test_outputs_of_another_shape_are_failures(
    make_observer: MakeObserver, answered: Answered, exposed: Exposed, until: Until
) -> None:
    observer = make_observer(FakeModel(*[1.0] * 9))
    observer.record([answered(2)])
    until(lambda: exposed("uncompared_total", reason="failed") == 2)
    assert exposed("rows_total") == 0


class FirstRowInvalid:
    """A challenger's model that answers no number to the first row."""

    def __init__(self, fallback: tuple[float, ...]) -> None:
        self._model = FakeModel(*fallback)

    def run(self, tensors: Any) -> Any:
        """Return NaN, then the fallback."""
        outputs = self._model.run(tensors)
        outputs[0] = np.nan
        return outputs


def test_invalid_outputs_are_failures_of_their_rows_only(
    make_observer: MakeObserver,
    answered: Answered,
    exposed: Exposed,
    until: Until,
    trained: Artifact,
) -> None:
    observer = make_observer(FirstRowInvalid(trained.manifest.fallback))
    observer.record([answered(3)])
    until(lambda: exposed("rows_total") == 2)

    assert exposed("uncompared_total", reason="failed") == 1
    assert exposed("difference_sum") == 0


def text(length: int) -> ShadowedRequest:
    """Return a request for a text of some length."""
    ids = np.ones((1, length), dtype=np.int64)
    given = ModelInput({"input_ids": ids, "attention_mask": ids}, 1, characters=[length])
    return ShadowedRequest(given, np.ones((1, 2), dtype=np.float32), length)


def test_texts_of_similar_lengths_are_joined() -> None:
    batches = group([text(length) for length in (9, 100, 11, 90)], 2)
    assert [[each.size for each in batch] for batch in batches] == [[9, 11], [90, 100]]


def test_a_text_that_the_challengers_tokenizer_cannot_read_is_not_compared(
    make_observer: MakeObserver,
    answered: Answered,
    exposed: Exposed,
    until: Until,
    trained: Artifact,
) -> None:
    def complete(inputs: list[ModelInput]) -> list[ModelInput | InvalidInputError]:
        return [
            InvalidInputError([]) if each.rows == 1 else _with_own_tensor(each) for each in inputs
        ]

    model = FakeModel(*trained.manifest.fallback)
    observer = make_observer(model, complete=complete)
    observer.record([answered(1), answered(2)])
    until(lambda: exposed("rows_total") == 2)
    assert sum(len(each["own"]) for each in model.calls) == 2
    assert exposed("uncompared_total", reason="failed") == 1


def _with_own_tensor(given: ModelInput) -> ModelInput:
    return given._replace(tensors={"own": np.ones((given.rows, 1))})


def test_a_challenger_with_another_tokenizer_tokenizes_anew(
    make_observer: MakeObserver,
    answered: Answered,
    exposed: Exposed,
    until: Until,
    trained: Artifact,
) -> None:
    given: list[ModelInput] = []

    def complete(inputs: list[ModelInput]) -> list[ModelInput]:
        given.extend(inputs)
        return [_with_own_tensor(each) for each in inputs]

    model = FakeModel(*trained.manifest.fallback)
    observer = make_observer(model, complete=complete)
    observer.record([answered(2)])
    until(lambda: exposed("rows_total") == 2)

    assert [each.tensors for each in given] == [{}]
    assert [[*each] for each in model.calls] == [["own"]]
