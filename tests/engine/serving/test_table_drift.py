"""Of a table, every column is watched, whether it came as rows or as tensors."""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from modelserve import artifact
from modelserve.artifact import Artifact
from modelserve.bins import Bins
from modelserve.manifest import Feature
from modelserve.serving.drift_counters import DriftCounters
from modelserve.serving.metrics import Metrics
from modelserve.serving.metrics_registry import MetricsRegistry
from modelserve.serving.request_context import RequestContext
from modelserve.serving.table_inputs import TableInputs
from modelserve.training import reference
from modelserve.training.table.table import Table
from modelserve.types import ModelInput, Prediction

TOWNS = ("(missing)", "Besançon", "Łódź")
FEATURES = (
    Feature(name="height", dtype="number", minimum=0.1, maximum=7.9, nullable=True, example=1.25),
    Feature(name="town", dtype="category", categories=TOWNS, nullable=True, example="Łódź"),
    Feature(name="rooms", dtype="integer", minimum=1, maximum=9, example=4),
    Feature(name="sold", dtype="boolean", minimum=0, maximum=1, nullable=True, example=1),
)
USUAL = {"height": 1.5, "town": "Łódź", "rooms": 3, "sold": True}
ROWS: list[dict[str, Any]] = [
    USUAL,
    {"height": 0.1, "town": "Besançon", "rooms": 1, "sold": False},
    {"height": 7.9, "town": "(missing)", "rooms": 9, "sold": None},
    {"height": None, "town": None, "rooms": 5},
]
FAR: list[dict[str, Any]] = [
    USUAL | {"height": math.nextafter(7.9, 8) + 1e-6},
    USUAL | {"height": 0.09},
    USUAL | {"rooms": 0},
    USUAL | {"rooms": 10},
    USUAL | {"town": "Atlantis"},
    {"rooms": 3, "town": "(unseen)"},
]


@pytest.fixture
def found_table(trained: Artifact, tmp_path: Path) -> Artifact:
    """Return the artifact of a model that was trained on the rows, with gaps in three columns."""
    table = Table(pd.DataFrame(ROWS).convert_dtypes(), pd.Series(["?"] * len(ROWS)))
    shape = reference.summarise(table.observations({}), {}, trained.manifest.labels, bins=3)
    kept = shape | {"outputs": trained.read_json(artifact.REFERENCE)["outputs"]}
    (tmp_path / artifact.REFERENCE).write_text(json.dumps(kept), encoding="utf-8")
    manifest = trained.manifest.model_copy(update={"features": FEATURES})
    return replace(trained, folder=tmp_path, manifest=manifest)


@pytest.fixture
def inputs(found_table: Artifact) -> TableInputs:
    """Return the table's columns."""
    return TableInputs(found_table)


def ask(
    inputs: TableInputs, rows: Sequence[dict[str, Any]], *, as_tensors: bool = False
) -> ModelInput:
    """Return rows as they are decoded from either form."""
    call = inputs.gather(rows)
    return inputs.gather_tensors(call.tensors) if as_tensors else call


@pytest.mark.parametrize("as_tensors", [False, True], ids=["rows", "tensors"])
def test_the_columns_of_all_requests_stand_one_after_the_other(
    inputs: TableInputs, as_tensors: bool
) -> None:
    calls = [ask(inputs, ROWS[:1], as_tensors=as_tensors), ask(inputs, ROWS[1:])]
    observed = inputs.observe(calls)
    assert observed.keys() == USUAL.keys()
    assert observed["height"].dtype == np.float32
    np.testing.assert_array_equal(observed["height"], np.float32([1.5, 0.1, 7.9, np.nan]))
    np.testing.assert_array_equal(observed["sold"], np.float32([1, 0, np.nan, np.nan]))
    assert observed["rooms"].tolist() == [3, 1, 9, 5]
    assert observed["town"].tolist() == ["Łódź", "Besançon", "(missing)", ""]


def test_serving_watches_what_training_watched(inputs: TableInputs) -> None:
    table = Table(pd.DataFrame(ROWS).convert_dtypes(), pd.Series(["?"] * len(ROWS)))
    trained, served = table.observations({}), inputs.observe([ask(inputs, ROWS)])
    assert set(trained) == set(served)
    for name, values in trained.items():
        np.testing.assert_array_equal(served[name], values)
        assert served[name].dtype == values.dtype


def test_what_training_saw_lies_not_beyond_it_to_the_last_extreme(inputs: TableInputs) -> None:
    assert not inputs.out_of_range(inputs.observe([ask(inputs, ROWS)])).any()


@pytest.mark.parametrize("row", FAR, ids=["above", "below", "none", "ten", "unseen", "bin's-name"])
def test_a_value_beyond_lies_beyond_in_its_row_alone(
    inputs: TableInputs, row: dict[str, Any]
) -> None:
    calls = [ask(inputs, [USUAL, row, USUAL]), ask(inputs, [row]), ask(inputs, [USUAL])]
    actual = inputs.out_of_range(inputs.observe(calls))
    assert actual.tolist() == [False, True, False, True, False]


@pytest.mark.parametrize(
    ("features", "row"),
    [
        pytest.param(FEATURES[:1], {"height": 99.0}, id="numbers-only"),
        pytest.param(FEATURES[1:2], {"town": "Atlantis"}, id="categories-only"),
    ],
)
def test_a_table_may_be_all_numbers_or_all_categories(
    trained: Artifact, features: tuple[Feature, ...], row: dict[str, Any]
) -> None:
    manifest = trained.manifest.model_copy(update={"features": features})
    inputs = TableInputs(replace(trained, manifest=manifest))
    observed = inputs.observe([inputs.gather([row, {}])])
    assert list(observed) == [each.name for each in features]
    assert inputs.out_of_range(observed).tolist() == [True, False]


def test_gaps_and_unseen_categories_have_bins_of_their_own(
    found_table: Artifact,
    inputs: TableInputs,
    series: MetricsRegistry,
    make_context: Callable[..., RequestContext],
    figures: Callable[[str], Any],
) -> None:
    metrics = Metrics(series, found_table.manifest, ["anonymous"])
    observations = DriftCounters(found_table, inputs, series, metrics, detailed=True)
    prior = np.asarray([found_table.manifest.fallback], dtype=np.float32)
    finished = []
    for i, rows in enumerate((ROWS, FAR[:2], FAR[2:5], FAR[5:])):
        prediction = Prediction(np.repeat(prior, len(rows), axis=0), degraded=False)
        call = ask(inputs, rows, as_tensors=i % 2 == 1)
        finished.append(make_context(given=call, prediction=prediction, rows=len(rows)))
    observations.record(finished)

    read = figures(series.expose().decode())

    shapes = found_table.read_json(artifact.REFERENCE)["inputs"]
    towns = read.by("bin", "model_observations_total", field="town")
    assert towns == {
        "'(missing)'": 1,
        "Besançon": 1,
        "Łódź": 5,
        "(unseen)": 2,
        "(missing)": 1,
    }
    for name, missing in (("height", 2), ("sold", 3), ("rooms", 0)):
        counts = read.by("bin", "model_observations_total", field=name)
        assert tuple(counts) == Bins(shapes[name]).names
        assert (counts["(missing)"], sum(counts.values())) == (missing, 10)
    assert read("http_unusual_requests_total", reason="out-of-range") == [3]
