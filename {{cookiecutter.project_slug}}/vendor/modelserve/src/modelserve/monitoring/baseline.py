"""The comparison in the files of SageMaker's Model Monitor, for what reads those."""

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

from ..artifact import Feature, Manifest
from ..bins import UNSEEN, Shape
from .config import Config
from .findings import FieldDrift, MonitoringResult, Violation, share

INTEGRAL = ("integer", "boolean")


def statistics(findings: MonitoringResult, manifest: Manifest) -> dict[str, Any]:
    """Return what was observed of every field, for statistics.json.

    Args:
        findings: the comparison.
        manifest: tells whole numbers from others.
    """
    known = _features(manifest)
    return {
        "version": 0,
        "dataset": {"item_count": findings.window.rows},
        "features": [
            {
                "name": each.field,
                "inferred_type": _type(known.get(each.field), numeric=each.ks is not None),
                **(_of_categories(each) if each.ks is None else _of_numbers(each)),
            }
            for each in findings.shifts
        ],
    }


def constraints(
    manifest: Manifest, reference: Mapping[str, Mapping[str, Shape]], config: Config
) -> dict[str, Any]:
    """Return what training saw of every field, and how far it may move, for constraints.json."""
    known = _features(manifest)
    return {
        "version": 0,
        "features": [
            _constraints(name, shape, known.get(name))
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


def violations(found: Iterable[Violation]) -> dict[str, Any]:
    """Return what someone should look at, for constraint_violations.json."""
    return {
        "violations": [
            {
                "feature_name": each.name,
                "constraint_check_type": each.check,
                "description": each.description,
            }
            for each in found
        ]
    }


def _features(manifest: Manifest) -> dict[str, Feature]:
    return {each.name: each for each in manifest.features if each.dtype != "text"}


def _type(feature: Feature | None, *, numeric: bool) -> str:
    if not numeric:
        return "String"
    return "Integral" if feature and feature.dtype in INTEGRAL else "Fractional"


def _common(shift: FieldDrift) -> dict[str, int]:
    return {"num_present": shift.rows - shift.observed[-1], "num_missing": shift.observed[-1]}


def _of_numbers(shift: FieldDrift) -> dict[str, Any]:
    found = shift.numbers
    if not found:
        return {"numerical_statistics": {"common": _common(shift)}}
    bounds = [
        min(found.minimum, *shift.edges[:1]),
        *shift.edges,
        max(found.maximum, *shift.edges[-1:]),
    ]
    buckets = [
        {"lower_bound": low, "upper_bound": high, "count": count}
        for (low, high), count in zip(pairwise(bounds), shift.observed[:-1], strict=True)
    ]
    return {
        "numerical_statistics": {
            "common": _common(shift),
            "mean": found.mean,
            "sum": found.mean * found.present,
            "std_dev": found.deviation,
            "min": found.minimum,
            "max": found.maximum,
            "distribution": {"kll": {"buckets": buckets}},
        }
    }


def _of_categories(shift: FieldDrift) -> dict[str, Any]:
    buckets = [
        {"value": name, "count": count}
        for name, count in zip(shift.bins[:-1], shift.observed, strict=False)
        if count
    ]
    return {
        "string_statistics": {
            "common": _common(shift),
            "distinct_count": sum(1 for each in buckets if each["value"] != UNSEEN),
            "distribution": {"categorical": {"buckets": buckets}},
        }
    }


def _constraints(name: str, shape: Shape, feature: Feature | None) -> dict[str, Any]:
    present = sum(shape["counts"])
    found: dict[str, Any] = {
        "name": name,
        "inferred_type": _type(feature, numeric="edges" in shape),
        "completeness": share(present, present + shape["missing"]),
    }
    if "categories" in shape:
        found["string_constraints"] = {"domains": list(shape["categories"])}
    elif feature and feature.minimum is not None:
        found["num_constraints"] = {"is_non_negative": feature.minimum >= 0}
    return found
