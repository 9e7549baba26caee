"""What the tests of the report share: results and pages as a browser sees them."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from modelserve.bins import Bins
from modelserve.manifest import Data, Manifest
from modelserve.monitoring.report.page import render
from modelserve.monitoring.results.captures import CaptureSummary, LineError, ObservedWindow
from modelserve.monitoring.results.drift import FieldDrift, Kind, NumericSummary, Verdict
from modelserve.monitoring.results.fairness import Fairness, FairnessGap, GroupMetric
from modelserve.monitoring.results.performance import (
    CalibrationPoint,
    Confidence,
    FeedbackSummary,
    LabelMetrics,
    Metric,
    Performance,
)
from modelserve.monitoring.results.result import MonitoringResult, Violation
from modelserve.monitoring.results.timeline import TimePoint, TimeSeries

START = datetime(2026, 11, 14, 10, tzinfo=UTC)
MakeDrift = Callable[..., FieldDrift]
INLINE = {"a", "b", "bdi", "code", "i", "small", "span"}
VOID = {"meta", "img", "br", "input", "link"}


class Page(HTMLParser):
    """What a browser would make of a page: its elements, headings, and texts by section."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[dict[str, str | None]] = []
        self.headings: list[str] = []
        self.sections: dict[str, str] = {}
        self.open: list[str] = []
        self._section = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.tags.append(tag)
        self.attributes.append(dict(attrs))
        if tag not in INLINE:
            self.handle_data(" ")
        if tag not in VOID:
            self.open.append(tag)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(tag)
        if tag == "section":
            self._section = str(dict(attrs)["id"])

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element that holds nothing."""
        self.tags.append(tag)
        self.attributes.append(dict(attrs))

    def handle_endtag(self, tag: str) -> None:
        """See that what ends is what was begun last."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Note a text."""
        self.sections[self._section] = self.sections.get(self._section, "") + data


def drift(
    field: str, verdict: Verdict = Verdict.OK, kind: Kind = "input", **changes: Any
) -> FieldDrift:
    """Return a field of numbers in three bins."""
    bins = Bins({"edges": [1.5, 2.5], "counts": [20, 20, 10], "missing": 0})
    made = FieldDrift(
        kind=kind,
        field=field,
        bins=bins.names,
        edges=(1.5, 2.5),
        reference=tuple(bins.reference.tolist()),
        observed=(10, 20, 60, 10),
        psi=0.789 if verdict is Verdict.VIOLATION else 0.012,
        psi_critical=0.345,
        p=0.0001,
        adjusted_p=0.0002,
        ks=0.4,
        ks_p=0.03,
        jensen_shannon=0.321,
        out_of_range=7,
        numbers=NumericSummary(90, 2.25, 0.5, -1.0, 9.0),
        verdict=verdict,
    )
    return replace(made, **changes)


def series(name: str, kind: str, *values: float) -> TimeSeries:
    """Return a figure of some days; before the last but one, a day has too few rows."""
    days = (0, 1, 5, 6)
    points = (
        TimePoint(START + timedelta(days=day), 100, value)
        for day, value in zip(days, values, strict=True)
    )
    return TimeSeries(name, kind, 0.2, timedelta(days=1), tuple(points))


@pytest.fixture
def make_drift() -> MakeDrift:
    """Return a way to a field of numbers, with changes."""
    return drift


@pytest.fixture
def ok() -> MonitoringResult:
    """Return a classifier's result without ground truth and without violations."""
    return MonitoringResult(
        created=START + timedelta(days=8),
        model="iris",
        version="0.1.0",
        task="classifier",
        window=ObservedWindow(START, None, START, START + timedelta(days=7), 80, 100),
        captures=CaptureSummary(24, 1, 0, 0, 3, 40, 6, 5, (), {"0.1.0": 80}, {}),
        fields=(drift("width"), drift("length"), drift("confidence", kind="output")),
        confidence=Confidence(95, 0.883, 0.941, 0.847, 0.01, Verdict.OK),
        performance=None,
        fairness=None,
        violations=(),
    )


@pytest.fixture
def violated(ok: MonitoringResult) -> MonitoringResult:
    """Return a classifier's result with ground truth and every kind of violation."""
    bad = Verdict.VIOLATION
    return replace(
        ok,
        captures=replace(
            ok.captures,
            corrupt=2,
            foreign=1,
            line_errors=(LineError("a.jsonl", 17, "no JSON"),),
            versions={"0.1.0": 80, "0.0.9": 33, "(unstated)": 4},
            unread={"length": 40},
        ),
        fields=(
            *ok.fields[:2],
            drift("depth", bad),
            drift("age", Verdict.UNREAD, observed=(0, 0, 0, 0), psi=0.0, numbers=None),
            drift("label", bad, "output"),
        ),
        confidence=Confidence(95, 0.7, 0.941, 0.847, 0.0001, bad),
        performance=Performance(
            FeedbackSummary(60, 12, 3, 9, 2, 1, 4, ()),
            (
                Metric("accuracy", 0.7, 0.95, 0.855, 0.0004, bad, (0.55, 0.83)),
                Metric("log_loss", 0.4, None, None, None, Verdict.INFORMATIVE),
            ),
            (
                LabelMetrics("setosa", 41, 30, 29, 0.9, 0.81, 1.0, Verdict.OK, (0.82, 0.99)),
                LabelMetrics("virginica", 0, 30, 15, 0.66, 0.6, 0.2, Verdict.OK, (0.31, 0.69)),
            ),
            ((29, 11, 1), (0, 0, 0)),
            (CalibrationPoint(20, 0.6, 0.55), CalibrationPoint(40, 0.9, 0.8)),
        ),
        fairness=Fairness(
            (
                GroupMetric("north", 55, "accuracy", 0.91, True),
                GroupMetric("unstated", 5, "accuracy", None, False),
            ),
            (FairnessGap("equalised_odds", 0.31, 0.2, "setosa", "south", "north", 0.0003, bad, 2),),
        ),
        violations=(
            Violation("depth", "baseline_drift_check", "it has moved", "input-drift"),
            Violation("label", "baseline_drift_check", "another is given", "prediction-drift"),
            Violation(
                "mean_confidence", "LessThanThreshold", "it is less sure", "confidence-dropped"
            ),
            Violation("accuracy", "LessThanThreshold", "it has fallen", "quality-below-floor"),
            Violation(
                "equalised_odds", "GreaterThanThreshold", "south is served worse", "fairness-gap"
            ),
            Violation(
                "degraded_share",
                "GreaterThanThreshold",
                "the fallback had to answer",
                "model-degraded",
            ),
        ),
        timeline=(
            series("width", "input", 0.1, 0.12, 0.05, 0.1),
            series("depth", "input", 0.1, 0.5, 0.6, 0.9),
            series("accuracy", "metric", 0.9, 0.85, 0.65, 0.7),
        ),
    )


@pytest.fixture
def regression(violated: MonitoringResult) -> MonitoringResult:
    """Return a regressor's result with ground truth."""
    assert violated.performance
    mae = Metric("mae", 48.2, 44.1, 48.5, 0.2, Verdict.OK)
    over = Metric("overestimated_share", 0.41, None, None, None, Verdict.INFORMATIVE)
    points = (CalibrationPoint(20, 60.0, 75.0), CalibrationPoint(40, 120.0, 118.0))
    return replace(
        violated,
        task="regressor",
        fields=(drift("age"), drift("value", kind="output")),
        confidence=None,
        performance=Performance(violated.performance.feedback, (mae, over), (), (), points),
        fairness=Fairness(
            (GroupMetric("north", 55, "mae", 47.13, True),),
            (FairnessGap("error_ratio", 1, 1.5, None, None, None, None, Verdict.TOO_FEW),),
        ),
        violations=(),
    )


@pytest.fixture
def manifest() -> Manifest:
    """Return the manifest of a model."""
    return Manifest(
        name="iris",
        version="0.1.0",
        description="Tells irises apart.",
        task="classifier",
        created=datetime(2026, 9, 1, 8, 30, tzinfo=UTC),
        git_commit="0123456789abcdef",
        seed=7,
        data=Data(source="data/iris.csv", sha256="0", training_rows=112, test_rows=38),
        lock_sha256=None,
        libraries={},
        features=(),
        labels=(),
        fallback=(),
        metrics={},
        parity=None,
        size_bytes=1,
        files={},
    )


@pytest.fixture
def read(manifest: Manifest) -> Callable[[MonitoringResult], Page]:
    """Return a function that renders a result and parses the page as a browser does."""
    return lambda result: Page(render(result, manifest))
