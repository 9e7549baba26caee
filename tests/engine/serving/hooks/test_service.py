"""`load_model`, `observers` and `settings_class`."""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from modelserve import Project, Settings, errors
from modelserve.serving.observers import RequestObserver
from modelserve.serving.request_context import RequestContext
from pydantic import Field
from starlette.testclient import TestClient

from tests.engine.serving.hooks.conftest import Format

Row = dict[str, Any]
Serve = Callable[..., TestClient]


class Constant:
    """A model that answers the first label, or a number, whatever is asked."""

    def __init__(self, width: int, factor: float = 1) -> None:
        self.width, self.factor = width, np.float32(factor)

    def run(self, tensors: Any) -> Any:
        """Return one row of outputs for each of the input's."""
        rows = len(next(iter(tensors.values())))
        return np.tile(np.eye(1, self.width, dtype=np.float32) * self.factor, (rows, 1))


class Answering:
    """A model that answers a change of what has the right shape.

    Args:
        change: of zeros, of shape (rows, 3).
    """

    def __init__(self, change: Callable[[Any], Any]) -> None:
        self._change = change

    def run(self, tensors: Any) -> Any:
        """Return the change."""
        return self._change(np.zeros((len(next(iter(tensors.values()))), 3), np.float32))


class Counting(RequestObserver):
    """An observer with a metric of its own."""

    def __init__(self, registry: Any) -> None:
        self.rows = registry.counter("own_rows", "Rows.", "status")

    def record(self, finished: Sequence[RequestContext]) -> None:
        """Count rows."""
        for each in finished:
            self.rows(each.status).inc(each.rows)


class Failing(RequestObserver):
    """An observer that fails."""

    def record(self, finished: Sequence[RequestContext]) -> None:
        """Fail."""
        raise ValueError(f"no room for {len(finished)}")


class Late(RequestObserver):
    """An observer whose requests would be lost: nothing awaits it."""

    async def record(self, finished: Sequence[RequestContext]) -> None:  # type: ignore[override]
        """Do nothing."""


class OwnSettings(Settings):
    """The library's settings, and one more."""

    discount: float = Field(default=0.2, ge=0, le=1, description="Of the price.")


def test_another_model_answers_in_every_format(
    serve: Serve, row: Row, format_: Format, trained: Any
) -> None:
    labels = trained.manifest.labels
    client = serve(load_model=lambda *_, **__: Constant(len(labels)))
    for answer in format_.read(format_.post(client, [row, row])):
        assert answer[0] == labels[0]
        assert list(map(float, answer[1:])) == [1.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("load", "complaint"),
    [
        pytest.param(
            lambda *_, **__: Path("weights.bin").read_bytes(),
            r"failed in line \d+ of test_service.py, .*FileNotFoundError: .* 'weights.bin'",
            id="raises",
        ),
        pytest.param(lambda *_, **__: None, "returned None; return an", id="returns-nothing"),
        pytest.param(lambda *_, **__: object(), "returned an object; return", id="cannot-run"),
        pytest.param(lambda *_, **__: Constant, "returned the class Constant", id="class"),
    ],
)
def test_a_model_that_cannot_be_loaded_is_told_from_one_that_fails(
    serve: Serve, load: Any, complaint: str
) -> None:
    with pytest.raises(errors.ArtifactError, match=f"`load_model` in service.py {complaint}"):
        serve(load_model=load, __module__=__name__)  # a class of this file, as is the hook


@pytest.mark.parametrize(
    "load",
    [
        pytest.param(lambda *_, **__: Constant(9), id="other-columns"),
        pytest.param(lambda *_, **__: Answering(lambda rows: rows[:0]), id="no-rows"),
        pytest.param(lambda *_, **__: Answering(lambda rows: rows[:, 0]), id="one-axis"),
        pytest.param(lambda *_, **__: Answering(lambda rows: rows.tolist()), id="list"),
        pytest.param(lambda *_, **__: Answering(lambda rows: rows.astype(str)), id="texts"),
    ],
)
def test_a_model_that_cannot_answer_ends_the_start(serve: Serve, load: Any) -> None:
    with pytest.raises(errors.ArtifactError, match="failed on an example row at the start"):
        serve(load_model=load)


def test_a_model_that_answers_nonsense_is_replaced_by_the_fallback(
    serve: Serve, row: Row, format_: Format, caplog: pytest.LogCaptureFixture, trained: Any
) -> None:
    width = len(trained.manifest.labels)
    client = serve(load_model=lambda *_, **__: Constant(width, np.nan))
    response = format_.post(client, [row])
    assert response.status_code == 200
    assert client.get("/health/ready").json()["degraded"] is True
    assert "model failed" in " ".join(caplog.messages)


def test_an_observer_is_given_every_request_and_has_its_own_metric(
    serve: Serve, row: Row, figures: Callable[[str], Any]
) -> None:
    client = serve(observers=lambda service: [Counting(service.registry)])
    client.post("/predict", json={"instances": [row] * 3})
    client.post("/predict", content=b"{")
    read = figures(client.get("/metrics").text)
    assert read.by("status", "own_rows_total") == {"200": 3, "400": 0}
    assert {each.labels["model"] for each in read.samples if each.name == "own_rows_total"}


def test_an_observer_that_fails_is_logged_and_stops_nobody(
    serve: Serve, row: Row, figures: Callable[[str], Any], caplog: pytest.LogCaptureFixture
) -> None:
    client = serve(observers=lambda service: [Failing(), Counting(service.registry)])
    assert client.post("/predict", json={"instances": [row]}).status_code == 200
    assert figures(client.get("/metrics").text).by("status", "own_rows_total")["200"] == 1
    (record, *_) = [each for each in caplog.records if each.levelno >= logging.ERROR]
    assert record.exc_info is not None
    assert "Failing" in vars(record).values()


@pytest.mark.parametrize(
    ("observers", "said"),
    [
        pytest.param(lambda _: [print], "subclass RequestObserver", id="no-observer"),
        pytest.param(lambda _: None, "None; return a list of RequestObserver", id="none"),
        pytest.param(lambda _: Failing(), "a Failing; return a list", id="single"),
        pytest.param(
            lambda _: [Late()],
            r"observers\(\) in service.py: Late.record is a coroutine; write `def`",
            id="coroutine",
        ),
        pytest.param(
            lambda service: [Counting(service.registry), Counting(service.registry)],
            "There is a metric own_rows already",
            id="metric-twice",
        ),
    ],
)
def test_what_is_no_observer_is_refused_at_the_start(
    serve: Serve, observers: Any, said: str
) -> None:
    with pytest.raises(errors.ConfigurationError, match=said):
        serve(observers=observers)


def test_an_init_without_the_librarys_is_named_at_the_start(serve: Serve) -> None:
    with pytest.raises(errors.ConfigurationError, match=r"`super\(\).__init__\(settings, artifact"):
        serve(__init__=lambda *_: None)


def test_a_setting_of_ones_own_is_read_from_the_environment_within_its_range(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    service_class = type("Service", (project.service_class,), {"settings_class": OwnSettings})
    monkeypatch.setenv("DISCOUNT", "0.5")
    monkeypatch.setenv("MAX_ROWS", "7")
    settings = service_class.settings_class.load()
    assert (settings.discount, settings.max_rows) == (0.5, 7)
    monkeypatch.setenv("DISCOUNT", "2")
    with pytest.raises(errors.ConfigurationError, match=r"DISCOUNT='2'.*less than or equal to 1"):
        service_class.settings_class.load()
