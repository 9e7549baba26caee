"""The result in the file formats of SageMaker's Model Monitor."""

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

from ..bins import UNSEEN, Shape
from ..manifest import Feature, Manifest
from .config import MonitoringConfig
from .results.drift import FieldDrift, share
from .results.result import MonitoringResult, Violation

INTEGRAL = ("integer", "boolean")


def statistics(result: MonitoringResult, manifest: Manifest) -> dict[str, Any]:
    """Return every field's observed values, for statistics.json.

    Args:
        result: the comparison.
        manifest: with the features' dtypes.
    """
    features = _features(manifest)
    return {
        "version": 0,
        "dataset": {"item_count": result.window.rows},
        "features": [
            {
                "name": each.field,
                "inferred_type": _type(features.get(each.field), numeric=each.ks is not None),
                **(_of_categories(each) if each.ks is None else _of_numbers(each)),
            }
            for each in result.fields
        ],
    }


def constraints(
    manifest: Manifest, reference: Mapping[str, Mapping[str, Shape]], config: MonitoringConfig
) -> dict[str, Any]:
    """Return every field's values in training and its threshold, for constraints.json."""
    features = _features(manifest)
    return {
        "version": 0,
        "features": [
            _constraints(name, shape, features.get(name))
            for fields in reference.values()
            for name, shape in fields.items()
        ],
        "monitoring_config": {
            "evaluate_constraints": "Enabled",
            "emit_metrics": "Enabled",
            "datatype_check_threshold": 1.0,
            "domain_content_threshold": 1.0,
            "distribution_constraints": {
                "perform_comparison": "Enabled",
                "comparison_threshold": config.drift.psi,
                "comparison_method": "Robust",
            },
        },
    }


def violations(exceeded: Iterable[Violation]) -> dict[str, Any]:
    """Return the violations, for constraint_violations.json."""
    return {
        "violations": [
            {
                "feature_name": each.name,
                "constraint_check_type": each.check,
                "description": each.description,
            }
            for each in exceeded
        ]
    }


def _features(manifest: Manifest) -> dict[str, Feature]:
    return {each.name: each for each in manifest.features if each.dtype != "text"}


def _type(feature: Feature | None, *, numeric: bool) -> str:
    if not numeric:
        return "String"
    return "Integral" if feature and feature.dtype in INTEGRAL else "Fractional"


def _common(drift: FieldDrift) -> dict[str, int]:
    return {"num_present": drift.rows - drift.observed[-1], "num_missing": drift.observed[-1]}


def _of_numbers(drift: FieldDrift) -> dict[str, Any]:
    numbers = drift.numbers
    if not numbers:
        return {"numerical_statistics": {"common": _common(drift)}}
    bounds = [
        min([numbers.minimum, *drift.edges[:1]]),
        *drift.edges,
        max([numbers.maximum, *drift.edges[-1:]]),
    ]
    buckets = [
        {"lower_bound": low, "upper_bound": high, "count": count}
        for (low, high), count in zip(pairwise(bounds), drift.observed[:-1], strict=True)
    ]
    return {
        "numerical_statistics": {
            "common": _common(drift),
            "mean": numbers.mean,
            "sum": numbers.mean * numbers.present,
            "std_dev": numbers.deviation,
            "min": numbers.minimum,
            "max": numbers.maximum,
            "distribution": {"kll": {"buckets": buckets}},
        }
    }


def _of_categories(drift: FieldDrift) -> dict[str, Any]:
    buckets = [
        {"value": name, "count": count}
        for name, count in zip(drift.bins[:-1], drift.observed, strict=False)
        if count
    ]
    return {
        "string_statistics": {
            "common": _common(drift),
            "distinct_count": sum(1 for each in buckets if each["value"] != UNSEEN),
            "distribution": {"categorical": {"buckets": buckets}},
        }
    }


def _constraints(name: str, shape: Shape, feature: Feature | None) -> dict[str, Any]:
    present = sum(shape["counts"])
    constraint: dict[str, Any] = {
        "name": name,
        "inferred_type": _type(feature, numeric="edges" in shape),
        "completeness": share(present, present + shape["missing"]),
    }
    if "categories" in shape:
        constraint["string_constraints"] = {"domains": list(shape["categories"])}
    elif feature and feature.minimum is not None:
        constraint["num_constraints"] = {"is_non_negative": feature.minimum >= 0}
    return constraint
