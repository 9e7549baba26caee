"""The result in Prometheus' text format, for a textfile collector or a push gateway."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from .results.drift import FieldDrift
from .results.fairness import Fairness
from .results.performance import Performance
from .results.result import MonitoringResult

# For each field: the gauge's name, its help text, and the attribute of FieldDrift.
FIELD_GAUGES = (
    ("psi", "Population stability index, in nats.", "psi"),
    (
        "psi_critical",
        "Critical value of the index, below which it stays by chance.",
        "psi_critical",
    ),
    ("chi_square_p", "P-value of the chi-square test, corrected by Holm.", "adjusted_p"),
    ("kolmogorov_smirnov", "Distance of the distribution functions.", "ks"),
    ("jensen_shannon", "Distance in base 2.", "jensen_shannon"),
    ("missing_share", "Share of the rows without a value.", "missing_share"),
    ("unseen_share", "Share of the rows with a category unknown to training.", "unseen_share"),
    ("out_of_range_rows", "Rows outside of training's range.", "out_of_range"),
)


class GaugeSamples(NamedTuple):
    """A gauge: its name, help text, own labels, and the samples by the labels' values."""

    name: str
    documentation: str
    labels: tuple[str, ...]
    values: Sequence[tuple[tuple[str, ...], float | None]]


def write(result: MonitoringResult) -> bytes:
    """Return a result in Prometheus' text format; every series has the model and its version."""
    registry = CollectorRegistry()
    model = (result.model, result.version)
    for each in _series(result):
        names = ("model", "version", *each.labels)
        gauge = Gauge(f"monitor_{each.name}", each.documentation, names, registry=registry)
        for labels, value in each.values:
            if value is not None:
                gauge.labels(*model, *labels).set(value)
    return generate_latest(registry)


def _series(result: MonitoringResult) -> Iterator[GaugeSamples]:
    window, captures = result.window, result.captures
    yield _one("timestamp_seconds", "When it was compared.", result.created.timestamp())
    yield _one("violations", "Thresholds that are exceeded.", len(result.violations))
    yield GaugeSamples(
        "inference_timestamp_seconds",
        "The earliest and the latest inference that was compared.",
        ("end",),
        [(("first",), window.first.timestamp()), (("last",), window.last.timestamp())],
    )
    yield _one("records", "Requests that were compared.", window.records)
    yield _one("rows", "Rows that were compared.", window.rows)
    yield _one("duplicate_records", "Records that were read twice.", captures.duplicate)
    yield _one("degraded_rows", "Rows that the fallback answered.", captures.degraded)
    yield GaugeSamples(
        "unreadable_lines",
        "Lines that could not be read.",
        ("reason",),
        [(("corrupt",), captures.corrupt), (("foreign",), captures.foreign)],
    )
    yield from _of_fields(result.fields)
    if result.confidence:
        yield _one(
            "confidence", "Mean of the most probable labels' probabilities.", result.confidence.mean
        )
    if result.performance:
        yield from _of_performance(result.performance)
    if result.fairness:
        yield _of_gaps(result.fairness)


def _one(name: str, documentation: str, value: float) -> GaugeSamples:
    return GaugeSamples(name, documentation, (), [((), value)])


def _of_fields(fields: tuple[FieldDrift, ...]) -> Iterator[GaugeSamples]:
    for name, documentation, attribute in FIELD_GAUGES:
        values = [((each.kind, each.field), getattr(each, attribute)) for each in fields]
        yield GaugeSamples(name, documentation, ("kind", "field"), values)


def _of_performance(performance: Performance) -> Iterator[GaugeSamples]:
    yield _one("outcomes", "Rows with a ground truth.", performance.feedback.counted)
    for name, documentation, attribute in (
        ("metric", "Metrics of the predictions with a ground truth.", "value"),
        ("metric_bound", "Thresholds of the metrics.", "bound"),
        ("training_metric", "Metrics of training.", "training"),
    ):
        values = [((each.name,), getattr(each, attribute)) for each in performance.metrics]
        yield GaugeSamples(name, documentation, ("metric",), values)
    for name, documentation, attribute in (
        ("label_recall", "Share of a label's rows that were predicted as it.", "recall"),
        ("label_recall_bound", "Thresholds of the recalls.", "bound"),
        ("label_training_recall", "Recalls in training.", "training"),
    ):
        values = [((each.label,), getattr(each, attribute)) for each in performance.labels]
        yield GaugeSamples(name, documentation, ("label",), values)


def _of_gaps(fairness: Fairness) -> GaugeSamples:
    values = [((each.measure,), each.value) for each in fairness.gaps if each.low is not None]
    return GaugeSamples("fairness_gap", "Largest gap between two groups.", ("measure",), values)
