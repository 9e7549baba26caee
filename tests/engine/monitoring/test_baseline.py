"""The files that SageMaker's Model Monitor would have written."""

from typing import Any

import numpy as np
import pytest
from modelserve.artifact import Artifact
from modelserve.manifest import Feature
from modelserve.monitoring import baseline
from modelserve.monitoring.config import DriftBounds, MonitoringConfig
from modelserve.monitoring.counts import FieldCounts, moments
from modelserve.monitoring.drift import compare_fields
from modelserve.monitoring.results.result import Violation

REFERENCE = {
    "inputs": {
        "age": {"edges": [30.0], "counts": [6, 3], "missing": 1},
        "city": {"categories": ["Porto", "Roma"], "counts": [5, 5], "missing": 0},
    },
    "outputs": {"confidence": {"edges": [0.5, 0.8], "counts": [1, 2, 3], "missing": 0}},
}
BOUNDS = DriftBounds(psi=0.2, significance=0.01, minimum_rows=50)


class Window:
    """A window of eight rows."""

    rows = 8


class Result:
    """A result with some fields."""

    window = Window()

    def __init__(self, *fields: Any) -> None:
        self.fields = fields


@pytest.fixture
def manifest(trained: Artifact) -> Any:
    """Return a model's manifest with a number and a category."""
    features = (
        Feature(name="age", dtype="integer", minimum=18, maximum=80, nullable=True),
        Feature(name="city", dtype="category", categories=("Porto", "Roma")),
    )
    return trained.manifest.model_copy(update={"features": features})


def drift(kind: Any, **tallies: FieldCounts) -> Any:
    """Return the drift of some fields."""
    return compare_fields(kind, {n: REFERENCE[f"{kind}s"][n] for n in tallies}, tallies, BOUNDS)


def test_numbers_of_a_single_bin_have_one_bucket(manifest: Any) -> None:
    reference = {"age": {"edges": [], "counts": [9], "missing": 1}}  # an older artifact's constant
    counted = {"age": FieldCounts(np.array([3, 0]), moments(np.array([4.0, 5, 6])))}
    fields = compare_fields("input", reference, counted, BOUNDS)
    told = baseline.statistics(Result(*fields), manifest)
    (feature,) = told["features"]
    buckets = feature["numerical_statistics"]["distribution"]["kll"]["buckets"]
    assert buckets == [{"lower_bound": 4, "upper_bound": 6, "count": 3}]


def test_numbers_have_their_moments_and_buckets(manifest: Any) -> None:
    values = np.array([20.0, 25, 30, 40, 85])
    tally = FieldCounts(np.array([3, 2, 3]), moments(values))
    told = baseline.statistics(Result(*drift("input", age=tally)), manifest)
    assert told == {
        "version": 0,
        "dataset": {"item_count": 8},
        "features": [
            {
                "name": "age",
                "inferred_type": "Integral",
                "numerical_statistics": {
                    "common": {"num_present": 5, "num_missing": 3},
                    "mean": 40.0,
                    "sum": 200.0,
                    "std_dev": pytest.approx(26.220221),
                    "min": 20.0,
                    "max": 85.0,
                    "distribution": {
                        "kll": {
                            "buckets": [
                                {"lower_bound": 20.0, "upper_bound": 30.0, "count": 3},
                                {"lower_bound": 30.0, "upper_bound": 85.0, "count": 2},
                            ]
                        }
                    },
                },
            }
        ],
    }


def test_values_within_one_bucket_leave_the_others_empty_but_in_order(manifest: Any) -> None:
    tally = FieldCounts(np.array([0, 2, 0, 0]), moments(np.array([0.6, 0.7])))
    told = baseline.statistics(Result(*drift("output", confidence=tally)), manifest)
    (feature,) = told["features"]
    assert feature["inferred_type"] == "Fractional"
    buckets = feature["numerical_statistics"]["distribution"]["kll"]["buckets"]
    assert [tuple(each.values()) for each in buckets] == [
        (0.5, 0.5, 0),
        (0.5, 0.8, 2),
        (0.8, 0.8, 0),
    ]


def test_a_number_of_which_none_was_seen_has_no_moments(manifest: Any) -> None:
    tally = FieldCounts(np.array([0, 0, 4]))
    told = baseline.statistics(Result(*drift("input", age=tally)), manifest)
    assert told["features"][0]["numerical_statistics"] == {
        "common": {"num_present": 0, "num_missing": 4}
    }


def test_categories_have_their_counts(manifest: Any) -> None:
    tally = FieldCounts(np.array([3, 0, 2, 1]))
    told = baseline.statistics(Result(*drift("input", city=tally)), manifest)
    assert told["features"] == [
        {
            "name": "city",
            "inferred_type": "String",
            "string_statistics": {
                "common": {"num_present": 5, "num_missing": 1},
                "distinct_count": 1,
                "distribution": {
                    "categorical": {
                        "buckets": [
                            {"value": "Porto", "count": 3},
                            {"value": "(unseen)", "count": 2},
                        ]
                    }
                },
            },
        }
    ]


def test_constraints_are_what_training_saw(manifest: Any, bounds: MonitoringConfig) -> None:
    told = baseline.constraints(manifest, REFERENCE, bounds)
    assert told["features"] == [
        {
            "name": "age",
            "inferred_type": "Integral",
            "completeness": 0.9,
            "num_constraints": {"is_non_negative": True},
        },
        {
            "name": "city",
            "inferred_type": "String",
            "completeness": 1.0,
            "string_constraints": {"domains": ["Porto", "Roma"]},
        },
        {"name": "confidence", "inferred_type": "Fractional", "completeness": 1.0},
    ]
    distributions = told["monitoring_config"]["distribution_constraints"]
    assert distributions["comparison_threshold"] == bounds.drift.psi


def test_violations_are_reported_in_monitor_s_words() -> None:
    told = baseline.violations([Violation("age", "baseline_drift_check", "PSI 0.4", "input-drift")])
    assert told == {
        "violations": [
            {
                "feature_name": "age",
                "constraint_check_type": "baseline_drift_check",
                "description": "PSI 0.4",
            }
        ]
    }
