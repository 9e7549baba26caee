"""Each limit of a comparison refuses a candidate on its own, and gives its reason."""

from dataclasses import replace
from math import inf, nan
from typing import Any

import pytest
from modelserve.artifact import Artifact
from modelserve.project import Project
from modelserve.promotion import compare as comparing
from modelserve.promotion.comparison import (
    NAMED,
    ArtifactChecks,
    Comparison,
    Criteria,
    LatencyRatio,
    SliceDifference,
)
from modelserve.training.config import Config

from tests.engine.promotion.conftest import comparison, metric

SLICE = SliceDifference("age = 40", 30, 0.3, 0.5, 0.2, 0.1, 0.3, 0.01, "worse")
SLOW = LatencyRatio(1, 10.0, 30.0, 3.0, 2.9, 3.1, True)
CHECKS = ArtifactChecks(
    size_bytes=100,
    champion_bytes=1,
    limit_bytes=100,
    golden_cases=1,
    golden_difference=1e-5,
    golden_limit=1e-5,
    parity=1e-5,
    parity_limit=1e-5,
)


def test_a_candidate_at_every_limit_is_not_refused() -> None:
    assert CHECKS.reasons == replace(CHECKS, parity=None).reasons == []
    at_most = replace(SLOW, too_slow=False)
    slices = (replace(SLICE, verdict="as good"), replace(SLICE, verdict="better"))
    assert comparison(latency=(at_most,), slices=slices, checks=CHECKS).reasons == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"size_bytes": 101}, "its files have 101 bytes, ", id="size"),
        pytest.param({"golden_difference": 2e-5}, "its graph answers the golden", id="golden"),
        pytest.param({"golden_difference": nan}, "its graph answers the golden", id="golden-nan"),
        pytest.param({"parity": 2e-5}, "its graph differs from its model by 2e-05, ", id="parity"),
        pytest.param({"parity": nan}, "its graph differs from its model by nan, ", id="parity-nan"),
        pytest.param({"parity": inf}, "its graph differs from its model by inf, ", id="parity-inf"),
    ],
)
def test_what_an_artifact_exceeds_is_a_reason(changes: dict[str, float], reason: str) -> None:
    (actual,) = comparison(checks=replace(CHECKS, **changes)).reasons
    assert actual.startswith(reason)


@pytest.mark.parametrize(
    ("compared", "reason"),
    [
        pytest.param(
            comparison(latency=(replace(SLOW, too_slow=False), SLOW)),
            "a call of 1 row takes 3.00 times as long (30 ms instead of 10 ms); "
            "--max-latency-ratio allows 2",
            id="latency",
        ),
        pytest.param(
            comparison(slices=(SLICE, replace(SLICE, name="b", verdict="as good"))),
            "log_loss is worse where age = 40 (30 rows): 0.5 instead of 0.3, 95 % interval +0.1 "
            "to +0.3",
            id="slice",
        ),
        pytest.param(
            comparison(metric("accuracy", "undefined"), metric("mcc", "undefined")),
            "no metric can be compared on these rows",
            id="undefined",
        ),
        pytest.param(
            comparison(primary="mcc", criteria=Criteria(requirement="better")),
            "it is not better beyond chance, as --require better asks: mcc is not compared",
            id="primary-not-compared",
        ),
    ],
)
def test_what_speaks_against_a_candidate_is_its_reason(compared: Comparison, reason: str) -> None:
    assert compared.reasons == [reason]


def test_a_candidate_that_is_better_passes_where_that_is_required() -> None:
    asked = Criteria(requirement="better")
    assert comparison(metric("accuracy", "better"), criteria=asked).reasons == []


def test_a_metric_that_is_undefined_beside_another_does_not_refuse() -> None:
    both = metric("accuracy", "as good"), metric("roc_auc", "undefined")
    assert comparison(*both).reasons == []


def test_the_first_slices_are_named_and_the_rest_counted() -> None:
    slices = tuple(replace(SLICE, name=f"age = {i}") for i in range(NAMED + 2))
    (reason,) = comparison(slices=slices).reasons
    assert [f"age = {i} (" in reason for i in range(NAMED + 2)] == [True] * NAMED + [False] * 2
    assert reason.endswith(" and 2 more")


def test_the_f1_of_another_positive_label_is_not_compared(
    project: Project, config: Config, trained: Artifact, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparing, "compare_latency", lambda *_, **__: ())
    gate = config.gate.model_copy(update={"minimum": {"f1": 0.0}})
    with_f1 = config.model_copy(update={"gate": gate})
    positive = trained.manifest.model_copy(update={"positive": trained.manifest.labels[0]})
    compared: list[Any] = [
        comparing.compare(project, with_f1, (trained, fresh), Criteria())
        for fresh in (trained, replace(trained, manifest=positive))
    ]
    assert [any(each.name == "f1" for each in one.metrics) for one in compared] == [True, False]
    assert any("positive label differs" in note for note in compared[1].notes)


def test_the_time_of_a_call_is_compared_with_the_ratio_that_is_allowed(
    project: Project, config: Config, trained: Artifact, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[float] = []

    def measure(*_: object, most: float) -> tuple[LatencyRatio, ...]:
        asked.append(most)
        return (SLOW,)

    monkeypatch.setattr(comparing, "compare_latency", measure)
    criteria = Criteria(latency_ratio=1.5)
    (reason,) = comparing.compare(project, config, (trained, trained), criteria).reasons
    assert asked == [1.5]
    assert reason.endswith("(30 ms instead of 10 ms); --max-latency-ratio allows 1.5")


@pytest.mark.parametrize(
    ("interval", "of_log_loss", "of_accuracy"),
    [
        pytest.param((-0.2, -0.1), "better", "worse", id="below-zero"),
        pytest.param((-0.2, 0.1), "as good", "as good", id="around-zero"),
        pytest.param((0.1, 0.2), "worse", "better", id="above-zero"),
    ],
)
def test_a_metric_is_better_or_worse_if_its_whole_interval_is(
    project: Project,
    config: Config,
    trained: Artifact,
    monkeypatch: pytest.MonkeyPatch,
    interval: tuple[float, float],
    of_log_loss: str,
    of_accuracy: str,
) -> None:
    intervals = dict.fromkeys(("log_loss", "accuracy"), interval)
    monkeypatch.setattr(comparing, "paired_intervals", lambda *_, **__: intervals)
    monkeypatch.setattr(comparing, "compare_latency", lambda *_, **__: ())
    metrics = comparing.compare(project, config, (trained, trained), Criteria()).metrics
    verdicts = {each.name: each.verdict for each in metrics}
    assert (verdicts["log_loss"], verdicts["accuracy"]) == (of_log_loss, of_accuracy)
