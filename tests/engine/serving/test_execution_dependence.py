"""Requests are not joined where one would change the answer of another."""

import json
import logging
import time
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from modelserve import Project, Service
from modelserve.artifact import GOLDEN, Artifact
from modelserve.serving.execution import dependence
from modelserve.serving.execution.plan import choose
from modelserve.serving.runtime import OnnxModel
from modelserve.settings import Settings
from modelserve.types import Model, Outputs, Tensors

FAMILIES = ("iris", "sentiment", "diabetes")
MakeService = Callable[..., Service]
Change = Callable[[Outputs], Outputs]
MESSAGE = "requests are not joined: an answer would depend on the others"


class Changed(OnnxModel):
    """The graph, whose call of any size takes 5 ms, with other outputs.

    Args:
        artifact: with the graph.
        change: is given a call's outputs, and returns others.
    """

    def __init__(self, artifact: Artifact, change: Change) -> None:
        super().__init__(artifact.model)
        self.calls: list[int] = []
        self._change = change

    def run(self, tensors: Tensors) -> Outputs:
        """Answer after some time."""
        time.sleep(0.005)
        outputs = self._change(super().run(tensors))
        self.calls.append(len(outputs))
        return outputs


@pytest.fixture
def changed(project: Project, make_settings: Callable[..., Settings]) -> MakeService:
    """Return a way to services whose graph has other outputs."""

    def make(change: Change, **changes: object) -> Service:
        class ChangedService(project.service_class):  # type: ignore[misc, name-defined]
            """A service with that graph."""

            def load_model(self, artifact: Artifact, *, threads: int) -> Model:
                """Return it."""
                return Changed(artifact, change)

        return ChangedService(make_settings(threads=1, intra_op_threads=1, **changes))

    return make


def same(outputs: Outputs) -> Outputs:
    """Leave outputs as they are."""
    return outputs


def mixed(outputs: Outputs) -> Outputs:
    """Return outputs that depend on the other rows of a call, a little."""
    return (0.9 * outputs + 0.1 * outputs.mean(axis=0)).astype(np.float32)


def rounded(outputs: Outputs) -> Outputs:
    """Return outputs that depend on the other rows as sums of floats do."""
    return (outputs * (1 + 1e-6 * len(outputs))).astype(np.float32)


def constant(outputs: Outputs) -> Outputs:
    """Return the same outputs for whatever row, rounded as those of a call of many rows."""
    width = outputs.shape[1]
    return rounded(np.full_like(outputs, 1 / width if width > 1 else 150.0))


def without_values(outputs: Outputs) -> Outputs:
    """Return outputs of a model that has none for the second row of a call, if there is one."""
    return np.where(np.arange(len(outputs))[:, None] == 1, np.nan, outputs)


def fail_on_several(outputs: Outputs) -> Outputs:
    """Fail unless there is one row."""
    if len(outputs) > 1:
        raise ValueError("one row at a time")
    return outputs


def messages(records: Sequence[logging.LogRecord]) -> list[logging.LogRecord]:
    """Return the lines that say that requests are not joined."""
    return [each for each in records if each.message == MESSAGE]


@pytest.mark.parametrize("change", [mixed, without_values])
@pytest.mark.parametrize(
    ("batching", "joined", "told"), [("auto", False, 1), ("on", True, 0), ("off", False, 0)]
)
def test_an_answer_that_depends_on_others_is_given_alone_unless_set(
    changed: MakeService,
    caplog: pytest.LogCaptureFixture,
    change: Change,
    batching: str,
    joined: bool,
    told: int,
) -> None:
    service = changed(change, batching=batching)
    assert choose(service, service.codec)[1].batching == joined
    lines = messages(caplog.records)
    assert len(lines) == told
    for line in lines:
        assert line.levelname == "WARNING"
        assert line.__dict__["difference"] > 0
        assert line.__dict__["rows"] >= dependence.LEAST


@pytest.mark.parametrize("change", [same, rounded, constant])
def test_an_answer_that_does_not_is_given_with_others(
    changed: MakeService, caplog: pytest.LogCaptureFixture, change: Change
) -> None:
    service = changed(change)
    assert choose(service, service.codec)[1].batching
    assert messages(caplog.records) == []


def test_a_model_that_fails_on_several_rows_is_served_one_by_one(
    changed: MakeService, caplog: pytest.LogCaptureFixture
) -> None:
    service = changed(fail_on_several)
    assert not choose(service, service.codec)[1].batching
    assert messages(caplog.records) == []


@pytest.mark.parametrize("content", [None, [], 1], ids=["no file", "no case", "one case"])
def test_without_golden_cases_it_is_not_known(
    changed: MakeService, monkeypatch: pytest.MonkeyPatch, content: list[object] | int | None
) -> None:
    service = changed(mixed)
    cases = service.artifact.read_json(GOLDEN)
    if content is None:
        monkeypatch.delitem(service.artifact.manifest.files, GOLDEN)
    else:
        kept = json.dumps(cases[:content] if isinstance(content, int) else content)
        monkeypatch.setattr(Artifact, "read_json", lambda *_: json.loads(kept))
    assert choose(service, service.codec)[1].batching


def test_a_slow_model_is_compared_by_two_rows(
    changed: MakeService,
) -> None:
    service = changed(same)
    model = service.load_model(service.artifact, threads=1)
    inputs, held = service.codec.inputs, service.artifact
    assert not dependence.depends_on_others(model, inputs, held, rows=8, limit_s=0)
    assert model.calls == [8, 1, 1]  # type: ignore[attr-defined]
    model.calls.clear()  # type: ignore[attr-defined]
    assert not dependence.depends_on_others(model, inputs, held, rows=2, limit_s=9)
    assert model.calls == [2, 1, 1]  # type: ignore[attr-defined]
    model.calls.clear()  # type: ignore[attr-defined]
    assert not dependence.depends_on_others(model, inputs, held, rows=1, limit_s=9)
    assert model.calls == []  # type: ignore[attr-defined]
