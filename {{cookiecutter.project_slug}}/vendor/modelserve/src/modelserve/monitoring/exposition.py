"""The comparison as Prometheus reads it: for a textfile collector, or to be pushed."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from .findings import Fairness, FieldDrift, MonitoringResult, Performance

# What is told of each field: the name, what it says, and where it stands in a shift.
OF_FIELDS = (
    ("psi", "Population stability index, in nats.", "psi"),
    ("psi_critical", "What the index stays below by chance.", "psi_critical"),
    ("chi_square_p", "P-value of the chi-square test, by Holm.", "adjusted_p"),
    ("kolmogorov_smirnov", "Distance of the distribution functions.", "ks"),
    ("jensen_shannon", "Distance in base 2.", "jensen_shannon"),
    ("missing_share", "Share of the rows without a value.", "missing_share"),
    ("unseen_share", "Share of the rows with a category unknown to training.", "unseen_share"),
    ("out_of_range_rows", "Rows beyond what training saw.", "out_of_range"),
)


class Series(NamedTuple):
    """A gauge: its name, what it says, its own labels, and their values each with its own."""

    name: str
    says: str
    labels: tuple[str, ...]
    values: Sequence[tuple[tuple[str, ...], float | None]]


def write(findings: MonitoringResult) -> bytes:
    """Return a comparison in Prometheus' text format; every series names model and version."""
    registry = CollectorRegistry()
    about = (findings.model, findings.version)
    for each in _series(findings):
        names = ("model", "version", *each.labels)
        gauge = Gauge(f"monitor_{each.name}", each.says, names, registry=registry)
        for labels, value in each.values:
            if value is not None:
                gauge.labels(*about, *labels).set(value)
    return generate_latest(registry)


def _series(findings: MonitoringResult) -> Iterator[Series]:
    window, read = findings.window, findings.read
    yield _one("timestamp_seconds", "When it was compared.", findings.made.timestamp())
    yield _one("violations", "Bounds that are passed.", len(findings.violations))
    yield Series(
        "inference_timestamp_seconds",
        "The earliest and the latest inference that was compared.",
        ("end",),
        [(("first",), window.first.timestamp()), (("last",), window.last.timestamp())],
    )
    yield _one("records", "Requests that were compared.", window.records)
    yield _one("rows", "Rows that were compared.", window.rows)
    yield _one("degraded_rows", "Rows that the training prior answered.", read.degraded)
    yield Series(
        "unreadable_lines",
        "Lines that could not be read.",
        ("reason",),
        [(("corrupt",), read.corrupt), (("foreign",), read.foreign)],
    )
    yield from _of_shifts(findings.shifts)
    if findings.confidence:
        yield _one(
            "confidence", "Mean of the likeliest labels' probabilities.", findings.confidence.mean
        )
    if findings.performance:
        yield from _of_performance(findings.performance)
    if findings.fairness:
        yield _of_gaps(findings.fairness)


def _one(name: str, says: str, value: float) -> Series:
    return Series(name, says, (), [((), value)])


def _of_shifts(shifts: tuple[FieldDrift, ...]) -> Iterator[Series]:
    for name, says, attribute in OF_FIELDS:
        values = [((each.kind, each.field), getattr(each, attribute)) for each in shifts]
        yield Series(name, says, ("kind", "field"), values)


def _of_performance(found: Performance) -> Iterator[Series]:
    yield _one("outcomes", "Rows with a truth.", found.outcomes.counted)
    for name, says, attribute in (
        ("metric", "Figures of the answers that met a truth.", "value"),
        ("metric_bound", "What they may not pass.", "bound"),
        ("training_metric", "The same of training.", "training"),
    ):
        values = [((each.name,), getattr(each, attribute)) for each in found.metrics]
        yield Series(name, says, ("metric",), values)


def _of_gaps(found: Fairness) -> Series:
    values = [((each.measure,), each.value) for each in found.gaps if each.low is not None]
    return Series("fairness_gap", "Largest gap between two groups.", ("measure",), values)
