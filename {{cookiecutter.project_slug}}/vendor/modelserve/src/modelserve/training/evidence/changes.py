"""What changed since the last artifact: fields, distributions, labels and metrics."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ... import artifact
from ...artifact import Artifact
from ...bins import Bins, Counts, population_stability_index
from ...errors import ArtifactError
from ...manifest import Feature, Manifest

NOTABLE = 0.1  # PSI from which on a distribution has shifted
SHARE = 0.01  # change in a share of missing values or of a label from which on it is reported
LISTED = 5  # categories in a sentence
MOST = 50  # sentences
SHOWN = 60  # characters of a name in a sentence


@dataclass(frozen=True)
class FieldDifference:
    """A field that is in both models; PSI and the missing values' shares where they are known."""

    field: str
    dtype: tuple[str, str]
    range: tuple[tuple[float | None, float | None], tuple[float | None, float | None]]
    new_categories: tuple[str, ...]
    gone_categories: tuple[str, ...]
    missing: tuple[float, float] | None
    psi: float | None


@dataclass(frozen=True)
class ModelDifference:
    """The difference between two models: pairs are before and after.

    `summary` has a sentence for each difference that is reported. Models that predict something
    else have neither `labels` nor `metrics` to compare.
    """

    previous: str
    training_rows: tuple[int, int]
    same_data: bool
    added: tuple[str, ...]
    removed: tuple[str, ...]
    fields: tuple[FieldDifference, ...]
    psi: dict[str, float]
    labels: dict[str, tuple[float | None, float | None]]
    metrics: dict[str, tuple[float, float]]
    summary: tuple[str, ...]


def load_previous(folder: Path) -> Artifact | None:
    """Return the artifact in a folder; None if there is none that can be read."""
    try:
        return artifact.load(folder)
    except ArtifactError:
        return None


def compare_models(
    previous: Artifact,
    manifest: Manifest,
    observed: Mapping[str, NDArray[Any]],
    *,
    targets: tuple[str | None, str | None] = (None, None),
) -> ModelDifference | None:
    """Return what changed; None where the model and its data are the same.

    Args:
        previous: the last artifact.
        manifest: of the new model.
        observed: the values that drift of the new model is measured against, by name.
        targets: the name of the last target and of the new one; None where it is unknown.
    """
    old = previous.manifest
    same_data = old.data.sha256 == manifest.data.sha256
    if same_data and old.version == manifest.version and old.features == manifest.features:
        return None
    shapes = _read_shapes(previous)
    distances = {
        name: population_stability_index(*counts)
        for name, values in observed.items()
        if (counts := _count(shapes.get(name), values))
    }
    before, after = ({each.name: each for each in part.features} for part in (old, manifest))
    fields = tuple(
        _compare_field(before[name], new, shapes.get(name), observed.get(name), distances.get(name))
        for name, new in after.items()
        if name in before
    )
    reason = _predicts_another(old, manifest, targets)
    names = (
        []
        if reason
        else [*old.labels, *(label for label in manifest.labels if label not in old.labels)]
    )
    shares = [
        dict(zip(each.labels, each.fallback, strict=True)) if each.labels else {}
        for each in (old, manifest)
    ]
    changes = ModelDifference(
        old.version,
        (old.data.training_rows, manifest.data.training_rows),
        same_data,
        tuple(name for name in after if name not in before),
        tuple(name for name in before if name not in after),
        fields,
        distances,
        {label: (shares[0].get(label), shares[1].get(label)) for label in names},
        {
            name: (old.metrics[name], each)
            for name, each in manifest.metrics.items()
            if name in old.metrics and not reason
        },
        (),
    )
    sentences = (f"{reason}, so not compared",) if reason else tuple(_summarise(changes))
    rest = len(sentences) - MOST
    more = (f"{rest} more differences are in evaluation.json",) if rest > 0 else ()
    return ModelDifference(**vars(changes) | {"summary": sentences[:MOST] + more})


def _predicts_another(old: Manifest, new: Manifest, targets: tuple[str | None, str | None]) -> str:
    """Return in what the predictions of two models cannot be compared; nothing if they can."""
    before, after = targets
    if old.task != new.task:
        return f"another task: {new.task}, {old.task} before"
    if before and after and before != after:
        return f"another target: {_shorten(after)}, {_shorten(before)} before"
    if old.labels and not {*old.labels} & {*new.labels}:
        return f"other labels: {_listed(new.labels)}, {_listed(old.labels)} before"
    return ""


def _read_shapes(previous: Artifact) -> Mapping[str, Any]:
    try:
        shapes = previous.read_json(artifact.REFERENCE)["inputs"]
    except (ArtifactError, KeyError, TypeError):
        return {}
    return shapes if isinstance(shapes, dict) else {}


def _count(shape: Any, values: NDArray[Any]) -> tuple[Counts, Counts] | None:
    """Return both histograms over the last model's bins; None where a field changed its type."""
    if not isinstance(shape, dict) or ("edges" in shape) == (values.dtype == object):
        return None
    bins = Bins(shape)
    return bins.reference, bins.count(values)


def _compare_field(
    old: Feature,
    new: Feature,
    shape: Any,
    values: NDArray[Any] | None,
    psi: float | None,
) -> FieldDifference:
    missing = None
    if shape is not None and values is not None and len(values):
        gaps = values == "" if values.dtype == object else np.isnan(values.astype(np.float64))
        rows = sum(shape["counts"]) + shape["missing"]
        missing = (shape["missing"] / max(rows, 1), float(gaps.mean()))
    categories = new.dtype == old.dtype == "category"
    return FieldDifference(
        new.name,
        (old.dtype, new.dtype),
        ((old.minimum, old.maximum), (new.minimum, new.maximum)),
        tuple(each for each in new.categories if categories and each not in old.categories),
        tuple(each for each in old.categories if categories and each not in new.categories),
        missing,
        psi,
    )


def _summarise(changes: ModelDifference) -> Iterator[str]:
    """Yield a sentence for each difference that is reported."""
    before, after = changes.training_rows
    data = "the same data" if changes.same_data else "other data"
    if changes.same_data and before != after:
        data += ", but another split or other rows left out"
    yield f"{data}: {after} training rows, {before} before"
    for word, names in (("added", changes.added), ("removed", changes.removed)):
        if names:
            yield f"fields {word}: {_listed(names)}"
    for each in sorted(changes.fields, key=lambda field: -(field.psi or 0)):
        if text := "; ".join(_describe_field(each)):
            yield f"{_shorten(each.field)}: {text}"
    known = {each.field for each in changes.fields}
    for name, psi in changes.psi.items():
        if name not in known and psi >= NOTABLE:
            yield f"{_shorten(name)}: PSI {psi:.3g}"
    for label, (old, new) in changes.labels.items():
        if old is None or new is None or abs(new - old) >= SHARE:
            texts = ["none" if share is None else f"{share:.1%}" for share in (new, old)]
            yield f"share of the label {_shorten(label)}: {texts[0]}, {texts[1]} before"


def _describe_field(each: FieldDifference) -> Iterator[str]:
    if each.dtype[0] != each.dtype[1]:
        yield f"{each.dtype[1]}, {each.dtype[0]} before"
    if each.new_categories:
        yield f"categories added: {_listed(each.new_categories)}"
    if each.gone_categories:
        yield f"categories removed: {_listed(each.gone_categories)}"
    (low, high), (new_low, new_high) = each.range
    if None not in (low, high, new_low, new_high) and each.range[0] != each.range[1]:
        yield f"range {new_low:g} to {new_high:g}, {low:g} to {high:g} before"
    if each.missing and abs(each.missing[1] - each.missing[0]) >= SHARE:
        yield f"{each.missing[1]:.1%} missing, {each.missing[0]:.1%} before"
    if each.psi is not None and each.psi >= NOTABLE:
        yield f"PSI {each.psi:.3g}"


def _listed(names: tuple[str, ...]) -> str:
    more = len(names) - LISTED
    return ", ".join(map(_shorten, names[:LISTED])) + (f" and {more} more" if more > 0 else "")


def _shorten(name: str) -> str:
    text = " ".join(name.split())
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
