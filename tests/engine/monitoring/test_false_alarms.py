"""Drift rules rarely fire by chance, and compute the same index as `monitor` and the formula."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from modelserve.bins import Bins, Counts, population_stability_index
from modelserve.monitoring.chance import critical_index
from modelserve.training.reference import histogram
from numpy.typing import NDArray

from tests.engine.families import LIBRARY

pytestmark = pytest.mark.e2e

PROMETHEUS = LIBRARY / "monitoring" / "prometheus"

WINDOWS = 500  # simulated for each pair of sizes, each as a version of the model
PER_TEST = 25  # because promtool lets no query load more than 10,000 samples
FIELDS = ("a", "b", "c", "d")
PSI, SIGNIFICANCE = 0.2, 0.01  # the values in tests/fixed/thresholds.yaml

SeriesValues = dict[str, str]
CheckRules = Callable[[list[dict[str, Any]]], None]


@pytest.fixture
def check_rules(without: Callable[[str], None], tmp_path: Path) -> CheckRules:
    """Return a function that runs unit tests of the rules, which must succeed."""

    def check(tests: list[dict[str, Any]]) -> None:
        if shutil.which("promtool") is None:
            without("promtool")
        path = tmp_path / "tests.yaml"  # JSON is YAML
        names = ("tests/fixed/thresholds", "rules/chance", "rules/observations", "rules/drift")
        content = {
            "rule_files": [f"{PROMETHEUS / name}.yaml" for name in names],
            "group_eval_order": ["thresholds", "chance", "observations", "drift"],
            "evaluation_interval": "1m",
            "tests": tests,
        }
        path.write_text(json.dumps(content), encoding="utf-8")
        command = ["promtool", "test", "rules", str(path)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    return check


def unit_test(
    series: SeriesValues, *, interval: str, at: str, expressions: list[str]
) -> dict[str, Any]:
    """Return a unit test in which each expression must be 1."""
    return {
        "interval": interval,
        "input_series": [{"series": key, "values": values} for key, values in series.items()],
        "promql_expr_test": [
            {"expr": each, "eval_time": at, "exp_samples": [{"labels": "{}", "value": 1}]}
            for each in expressions
        ],
    }


def labelled(metric: str, bins: Bins, **labels: object) -> Iterator[str]:
    """Yield the name of each bin's series, except the last bin, which stays empty."""
    known = "".join(f'{name}="{value}",' for name, value in labels.items())
    for name in bins.names[:-1]:
        yield f'{metric}{{job="model",model="m",kind="input",{known}bin="{name}"}}'


def index(observed: NDArray[np.float64], expected: NDArray[np.float64]) -> float:
    """Return the population stability index of shares by its definition."""
    return float(((observed - expected) * np.log(observed / expected)).sum())


def alarming(bins: Bins, counts: Counts, *, slack: float) -> bool:
    """Return whether a window should raise an alarm according to the `monitor` command."""
    reference, observed = bins.reference[:-1], counts[:-1]
    critical = critical_index(reference, observed, significance=SIGNIFICANCE, fields=len(FIELDS))
    actual = population_stability_index(reference, observed)
    return actual > max(PSI, critical) * slack


def window(
    random: np.random.Generator, *, version: int, rows: int, reference_rows: int, shift: float
) -> tuple[SeriesValues, bool, bool]:
    """Return the series of a window, and whether it should raise an alarm: surely, and maybe."""
    series: SeriesValues = {}
    surely = maybe = False
    for field in FIELDS:
        bins = Bins(histogram(random.standard_normal(reference_rows), bins=10))
        counts = bins.count(random.normal(shift, 1, rows))
        names = labelled("model_reference_observations", bins, version=version, field=field)
        series |= {name: f"{n} {n}" for name, n in zip(names, bins.reference, strict=False)}
        names = labelled("model_observations_total", bins, version=version, field=field)
        series |= {name: f"0 {n}" for name, n in zip(names, counts, strict=False)}
        surely |= alarming(bins, counts, slack=1.01)
        maybe |= alarming(bins, counts, slack=0.99)
    return series, surely, maybe


def simulate(**sizes: Any) -> tuple[list[dict[str, Any]], int]:
    """Return unit tests of many windows, and the maximum number of these that raise an alarm."""
    random = np.random.default_rng(2020)
    count = 'count(count by (version) (ALERTS{alertname="InputDrift"})) or vector(0)'
    tests, total = [], 0
    for start in range(0, WINDOWS, PER_TEST):
        drawn = [window(random, version=start + i, **sizes) for i in range(PER_TEST)]
        series = {name: values for each, _, _ in drawn for name, values in each.items()}
        least, most = sum(surely for _, surely, _ in drawn), sum(maybe for *_, maybe in drawn)
        bounds = [f"({count}) >= bool {least}", f"({count}) <= bool {most}"]
        tests.append(unit_test(series, interval="1m", at="1m", expressions=bounds))
        total += most
    return tests, total


@pytest.mark.parametrize("reference_rows", [120, 5000])
@pytest.mark.parametrize("rows", [50, 500, 5000])
def test_at_most_two_percent_of_windows_without_drift_raise_an_alarm(
    check_rules: CheckRules, rows: int, reference_rows: int
) -> None:
    tests, alarms = simulate(rows=rows, reference_rows=reference_rows, shift=0)
    assert alarms <= 0.02 * WINDOWS
    check_rules(tests)


def test_a_shift_by_a_standard_deviation_always_raises_an_alarm(check_rules: CheckRules) -> None:
    tests, alarms = simulate(rows=500, reference_rows=5000, shift=1)
    assert alarms == WINDOWS
    check_rules(tests)


def scraped(
    bins: Bins, values: NDArray[np.float64], *, scrapes: int, instances: int, restart: int
) -> SeriesValues:
    """Return the counters of replicas that share the values at random; the second one restarts."""
    random = np.random.default_rng(7)
    when = random.integers(1, scrapes + 1, len(values))
    where = random.integers(instances, size=len(values))
    series: SeriesValues = {}
    for instance in range(instances):
        gains = [bins.count(values[(where == instance) & (when == i)]) for i in range(scrapes + 1)]
        counters = np.cumsum(gains, axis=0)
        if instance == 1:
            counters[restart:] -= counters[restart - 1]
        names = labelled("model_observations_total", bins, version=1, field="a", instance=instance)
        texts = [" ".join(map(str, each)) for each in counters.T]
        series |= dict(zip(names, texts, strict=False))
    return series


@pytest.mark.parametrize("shift", [0, 0.25, 0.5, 1])
def test_the_index_is_right_over_replicas_and_a_restart(
    check_rules: CheckRules, shift: float
) -> None:
    random = np.random.default_rng(11)
    bins = Bins(histogram(random.standard_normal(5000), bins=10))
    values = random.normal(shift, 1, 5000)
    exact = index(*(each[:-1] / 5000 for each in (bins.count(values), bins.reference)))
    names = labelled("model_reference_observations", bins, version=1, field="a")
    series = {name: f"{n}x240" for name, n in zip(names, bins.reference, strict=False)}
    series |= scraped(bins, values, scrapes=240, instances=3, restart=100)
    close = [
        f'sum(abs(model:psi{{window="1h"}} - {exact})) < bool 0.02',
        'sum(abs(model:rows{window="1h"} - 5000)) < bool 50',
    ]
    check_rules([unit_test(series, interval="15s", at="1h", expressions=close)])
