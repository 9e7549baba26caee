"""How the model runs is decided at the start, by measuring it."""

import logging
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from modelserve import Project, Service, processors
from modelserve.artifact import Artifact
from modelserve.errors import ArtifactError
from modelserve.serving.execution import plan as plans
from modelserve.serving.execution.plan import ExecutionPlan, choose
from modelserve.serving.runtime import OnnxModel
from modelserve.settings import Settings
from modelserve.types import Model, Outputs, Tensors

MakeService = Callable[..., Service]
Seconds = Callable[[int, int], float]


def rows_of(tensors: Tensors) -> int:
    """Return the number of rows."""
    return len(next(iter(tensors.values())))


class Paced(OnnxModel):
    """The graph, at another speed.

    Args:
        artifact: with the graph.
        threads: of one call.
        seconds: of a call, by its threads and its rows.
        alone: one call at a time.
        providers: that it says run it.
    """

    loaded: list[int]  # the threads of each that was loaded
    loads: list[int]  # the calls at once of each load that it was measured under
    in_memory, most_in_memory = 0, 0

    def __init__(
        self, artifact: Artifact, threads: int, seconds: Seconds, *, alone: bool, providers: Any
    ) -> None:
        super().__init__(artifact.model, threads=threads)
        self.providers = providers
        self.calls: list[int] = []
        self._threads, self._seconds, self.alone = threads, seconds, alone
        Paced.loaded.append(threads)
        Paced.in_memory += 1
        Paced.most_in_memory = max(Paced.in_memory, Paced.most_in_memory)

    def __del__(self) -> None:
        Paced.in_memory -= 1

    def run(self, tensors: Tensors) -> Outputs:
        """Answer after some time."""
        self.calls.append(rows_of(tensors))
        return super().run(tensors)

    def seconds(self, rows: int) -> float:
        """Return the time of a call."""
        return self._seconds(self._threads, rows)


def pretend_ms(model: Any, tensors: Tensors, *, limit_s: float, check: Any = None) -> float:
    """Return how long a model says that a call takes."""
    model.run(tensors)
    return float(model.seconds(rows_of(tensors)) * 1e3)


def pretend_rows_per_s(
    model: Any, tensors: Tensors, rows: int, *, calls: int, limit_s: float
) -> float:
    """Return how many rows a model says that it answers."""
    model.run(tensors)
    assert rows_of(tensors) == rows
    Paced.loads.append(calls)
    return float(rows * (1 if model.alone else calls) / model.seconds(rows))


@pytest.fixture(autouse=True)
def _without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans, "measure_ms", pretend_ms)
    monkeypatch.setattr(plans, "measure_rows_per_s", pretend_rows_per_s)
    monkeypatch.setattr(processors, "available", lambda: 4.0)
    monkeypatch.delenv(plans.OMP_THREADS, raising=False)
    Paced.loaded, Paced.loads, Paced.in_memory, Paced.most_in_memory = [], [], 0, 0


@pytest.fixture
def paced(project: Project, make_settings: Callable[..., Settings]) -> MakeService:
    """Return a way to services whose graph has a speed of the test's choice."""

    def make(
        seconds: Seconds, *, alone: bool = False, providers: Any = ("cpu",), **changes: Any
    ) -> Service:
        class PacedService(project.service_class):  # type: ignore[misc, name-defined]
            """A service with a slow graph."""

            def load_model(self, artifact: Artifact, *, threads: int) -> Model:
                """Return it."""
                return Paced(artifact, threads, seconds, alone=alone, providers=providers)

        return PacedService(make_settings(**changes))

    return make


@pytest.fixture
def own(project: Project, make_settings: Callable[..., Settings]) -> MakeService:
    """Return a way to services with a model of the project's own."""

    def make(model: Model, **changes: Any) -> Service:
        class OwnModelService(project.service_class):  # type: ignore[misc, name-defined]
            """A service with that model."""

            loads = 0

            def load_model(self, artifact: Artifact, *, threads: int) -> Model:
                """Return it."""
                OwnModelService.loads += 1
                model.width = len(artifact.manifest.fallback)  # type: ignore[attr-defined]
                return model

        return OwnModelService(make_settings(**changes))

    return make


class Own:
    """A model of a project's own, whose calls take 10 ms, one at a time or all at once."""

    def __init__(self, *, alone: bool, most_rows: int = 100) -> None:
        self.alone, self._most_rows, self.width = alone, most_rows, 1

    def seconds(self, rows: int) -> float:
        """Return the time of a call."""
        return 0.01

    def run(self, tensors: Tensors) -> Outputs:
        """Answer after some time."""
        if rows_of(tensors) > self._most_rows:
            raise ValueError("one row at a time")
        return np.zeros((rows_of(tensors), self.width), np.float32)


def decide(service: Service) -> ExecutionPlan:
    """Return a service's plan."""
    return choose(service, service.codec)[1]


def by_threads(threads: int, rows: int) -> float:
    """Return the time of a call that threads divide more than evenly."""
    return 0.016 / threads**2


def by_rows(threads: int, rows: int) -> float:
    """Return the time of a call that threads do not divide, and rows multiply."""
    return 0.003 * rows


def constant(threads: int, rows: int) -> float:
    """Return the time of a call that takes the same with whatever."""
    return 0.005


def test_a_fast_model_runs_inline_and_nothing_else_is_measured(
    project: Project, make_settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    service = project.service_class(make_settings())
    model, plan = choose(service, service.codec)
    assert isinstance(model, OnnxModel)
    assert plan == ExecutionPlan("inline", 1, 1, batching=False, latency_ms=plan.latency_ms)
    assert 0 < plan.latency_ms < 1


def test_a_fast_model_is_loaded_once_and_called_with_one_row(paced: MakeService) -> None:
    service = paced(lambda threads, rows: 0.0009)
    model, plan = choose(service, service.codec)
    assert plan.mode == "inline"
    assert Paced.loaded == [1]
    assert set(model.calls) == {1}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("seconds", "alone", "calls", "threads", "batching"),
    [
        pytest.param(by_threads, True, 1, 4, True, id="threads help"),
        pytest.param(by_rows, False, 4, 1, False, id="calls at once help"),
        pytest.param(constant, False, 4, 1, True, id="both calls and rows help"),
    ],
)
def test_a_slow_graph_runs_as_it_answers_most_rows(
    paced: MakeService, seconds: Seconds, alone: bool, calls: int, threads: int, batching: bool
) -> None:
    service = paced(seconds, alone=alone)
    model, plan = choose(service, service.codec)
    assert plan[:4] == ("threads", calls, threads, batching)
    assert model._threads == threads  # type: ignore[attr-defined]


def test_every_layout_is_compared_under_load(paced: MakeService) -> None:
    decide(paced(by_rows))
    assert Paced.loads == [4, 2, 1]


def test_one_graph_at_a_time_is_in_memory(paced: MakeService) -> None:
    decide(paced(by_rows))
    assert Paced.loaded == [1, 2, 4, 1]
    assert Paced.most_in_memory == 1


def test_a_graph_that_loads_slowly_is_loaded_once(
    paced: MakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plans, "SLOW_LOAD_S", 0.0)
    assert decide(paced(by_threads))[:3] == ("threads", 4, 1)
    assert Paced.loaded == [1]


@pytest.mark.parametrize(
    ("changes", "omp", "calls", "threads"),
    [
        pytest.param({"threads": 3, "intra_op_threads": 2}, "", 3, 2, id="both"),
        pytest.param({"intra_op_threads": 2}, "1", 2, 2, id="threads of a call"),
        pytest.param({}, "2", 2, 2, id="OpenMP's"),
        pytest.param({}, "3,2", 1, 3, id="OpenMP's for nested regions"),
        pytest.param({"threads": 9}, "", 9, 1, id="calls"),
    ],
)
def test_the_operator_decides(
    paced: MakeService,
    monkeypatch: pytest.MonkeyPatch,
    changes: dict[str, Any],
    omp: str,
    calls: int,
    threads: int,
) -> None:
    monkeypatch.setenv(plans.OMP_THREADS, omp)
    plan = decide(paced(constant, **changes))
    assert plan[:3] == ("threads", calls, threads)


@pytest.mark.parametrize("omp", ["many", "0", "-1"])
def test_a_number_of_threads_that_is_none_does_not_matter(
    paced: MakeService, monkeypatch: pytest.MonkeyPatch, omp: str
) -> None:
    monkeypatch.setenv(plans.OMP_THREADS, omp)
    assert decide(paced(by_rows)).threads_per_call == 1


@pytest.mark.parametrize(("batching", "expected"), [("on", True), ("off", False)])
@pytest.mark.parametrize("seconds", [constant, by_rows])
def test_batching_may_be_set(
    paced: MakeService, seconds: Seconds, batching: str, expected: bool
) -> None:
    assert decide(paced(seconds, batching=batching, threads=1)).batching == expected


@pytest.mark.parametrize(
    "limits", [{"batch_rows": 1}, {"max_rows": 1, "batching": "off"}], ids=["joined", "alone"]
)
def test_a_model_of_one_row_a_call_is_not_measured_with_more(
    paced: MakeService, limits: dict[str, Any]
) -> None:
    service = paced(constant, threads=1, intra_op_threads=1, **limits)
    model, plan = choose(service, service.codec)
    assert set(model.calls) == {1}  # type: ignore[attr-defined]
    assert not plan.batching


def test_requests_of_one_row_are_joined_to_calls_of_many(paced: MakeService) -> None:
    service = paced(constant, threads=1, intra_op_threads=1, max_rows=1)
    model, plan = choose(service, service.codec)
    assert max(model.calls) == plans.BATCH  # type: ignore[attr-defined]
    assert plan.batching


@pytest.mark.parametrize("batching", ["on", "off"])
def test_what_a_further_row_adds_to_a_call_is_measured(paced: MakeService, batching: str) -> None:
    plan = decide(paced(lambda threads, rows: 0.01 + 0.003 * rows, threads=1, batching=batching))
    assert plan.row_ms == pytest.approx(3, rel=0.3)


@pytest.mark.parametrize(
    ("changes", "mode"),
    [
        pytest.param({}, "inline", id="as it is"),
        pytest.param({"inline_below_ms": 0.5}, "threads", id="slower than allowed"),
        pytest.param({"execution": "threads"}, "threads", id="threads as set"),
    ],
)
def test_a_fast_model_may_run_in_threads(
    paced: MakeService, changes: dict[str, Any], mode: str
) -> None:
    assert decide(paced(lambda threads, rows: 0.0009, **changes)).mode == mode


def test_a_slow_model_may_run_inline(paced: MakeService) -> None:
    assert decide(paced(constant, execution="inline", intra_op_threads=2))[:3] == ("inline", 1, 2)
    assert Paced.loaded == [2]


def test_a_fast_model_in_threads_is_not_compared(paced: MakeService) -> None:
    plan = decide(paced(lambda threads, rows: 0.0009 / threads, execution="threads"))
    assert plan[:4] == ("threads", 4, 1, True)
    assert Paced.loaded == [1]


@pytest.mark.parametrize(("workers", "calls"), [(1, 4), (2, 2), (8, 1)])
def test_workers_share_the_processors(paced: MakeService, workers: int, calls: int) -> None:
    assert decide(paced(by_rows, workers=workers))[:3] == ("threads", calls, 1)


@pytest.mark.parametrize(("alone", "calls"), [(False, 4), (True, 1)])
def test_a_model_of_the_projects_own_is_loaded_once(
    own: MakeService, alone: bool, calls: int
) -> None:
    service = own(Own(alone=alone))
    assert decide(service)[:4] == ("threads", calls, 1, True)
    assert service.loads == 1  # type: ignore[attr-defined]


def test_a_model_that_takes_one_row_only_is_served(
    own: MakeService, caplog: pytest.LogCaptureFixture
) -> None:
    plan = decide(own(Own(alone=True, most_rows=1)))
    assert plan[:4] == ("threads", 1, 1, False)
    assert "model failed on several rows" in caplog.text


def test_a_model_that_fails_on_the_example_is_not_served(own: MakeService) -> None:
    with pytest.raises(ArtifactError, match="failed on an example row at the start: ValueError"):
        decide(own(Own(alone=True, most_rows=0)))


def test_a_very_slow_model_is_measured_with_few_rows(paced: MakeService) -> None:
    service = paced(lambda threads, rows: 0.5, threads=1, intra_op_threads=1)
    model, plan = choose(service, service.codec)
    assert plan.batching
    assert max(model.calls) == 2  # type: ignore[attr-defined]


def test_a_model_on_a_device_runs_in_threads_with_batches_of_warm_shapes(
    paced: MakeService,
) -> None:
    service = paced(by_rows, alone=True, providers=("cuda", "cpu"), batch_rows=48)
    model, plan = choose(service, service.codec)
    assert plan[:4] == ("threads", 1, 1, True)
    assert model.calls[-7:] == [1, 2, 4, 8, 16, 32, 48]  # type: ignore[attr-defined]
    assert Paced.loaded == [1]


def test_a_device_that_prepares_slowly_does_not_hold_up_the_start(
    paced: MakeService, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(plans, "WARM_UP_S", 0.0)
    decide(paced(constant, providers=("cuda", "cpu"), threads=1))
    assert "model not warmed up" in caplog.text


def test_the_plan_is_logged(paced: MakeService, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    decide(paced(constant, threads=2, intra_op_threads=1))
    (record,) = [each for each in caplog.records if each.getMessage() == "model loaded"]
    fields = ("execution", "calls", "threads_per_call", "batching", "providers", "processors")
    assert [vars(record)[each] for each in fields] == ["threads", 2, 1, True, "cpu", 4]
    assert vars(record)["latency_ms"] == 5
