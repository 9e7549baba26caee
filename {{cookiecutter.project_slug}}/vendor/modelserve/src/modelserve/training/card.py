"""Write the model card: what people should know before they use the model."""

from pathlib import Path

from ..manifest import Manifest
from ..metric_table import info_of
from .config import Config
from .evidence.markdown import cell
from .gate import GateResult
from .importance import Importance

MAX_FIELDS = 50  # that are listed by importance
INTERVALS = (
    "An interval comes from 1,000 bootstrap samples of the test rows. It is about the choice of "
    "these rows,\nnot about that of the training rows, and it takes rows as independent."
)
KINDS = {"classifier": "classification", "regressor": "regression"}


def write_card(
    manifest: Manifest,
    results: list[GateResult],
    config: Config,
    *,
    importance: Importance | None = None,
    evidence: str = "",
    licence: str,
    pipeline_tag: str,
) -> str:
    """Return the card in Markdown, with the front matter that the Hugging Face Hub reads.

    Args:
        manifest: of the model.
        results: of the gate.
        config: the texts, and how the rows were split.
        importance: of each field, if it is known.
        evidence: further sections.
        licence: of the model.
        pipeline_tag: what the Hub calls the modality.
    """
    card = config.card
    metrics = "\n".join(metric_row(manifest, name) for name in manifest.metrics)
    gate = "\n".join(f"| {each.metric} | {each.value:.4f} | {each.bound} |" for each in results)
    features = "\n".join(
        f"| {cell(each.name)} | {each.dtype} | {cell(each.seen)} |" for each in manifest.features
    )
    return f"""---
license: {"other" if licence.startswith("LicenseRef") else licence.lower()}
library_name: onnx
pipeline_tag: {pipeline_tag}-{KINDS[manifest.task]}
tags: [{manifest.task}, onnx]
---
# {manifest.name} {manifest.version}

{foreign_texts_of(config)}{manifest.description}

## Use

{card.intended_use.strip()}

{card.limitations.strip()}

## Data

{manifest.data.source}: {rows_of(manifest)}.
SHA-256 `{manifest.data.sha256}`.

{split_of(config)}

| Field | Type | Seen in training |
|---|---|---|
{features}

## Answers

{answers_of(manifest)}

## Metrics on the test rows

| Metric | Value | 95 % interval | Meaning |
|---|---|---|---|
{metrics}

{INTERVALS if manifest.intervals else "There are too few test rows for confidence intervals."}

| Gate | Value | Bound |
|---|---|---|
{gate}

{parity_of(manifest)}
{importance_of(importance)}{evidence}
## Limits

Outside of the ranges above, answers are unreliable. The metrics hold for data like these, and are
uncertain themselves: they come from {manifest.data.test_rows} rows.

## How to reproduce it

{source_of(manifest)}
"""


def metric_row(manifest: Manifest, name: str) -> str:
    """Return the table's row of a metric."""
    interval, info = manifest.intervals.get(name), info_of(name)
    ends = f"{interval[0]:.4f} to {interval[1]:.4f}" if interval else ""
    if info is None:
        meaning = "the project's own"
    else:
        meaning = f"{info.meaning}; {info.better} is better" if info.better else info.meaning
    return f"| {cell(name)} | {manifest.metrics[name]:.4f} | {ends} | {meaning} |"


def importance_of(importance: Importance | None) -> str:
    """Return the section on what the model relies on; an empty line without any."""
    if importance is None or not importance.fields:
        return ""
    rows = "\n".join(
        f"| {cell(each.field)} | {each.rise:.4f} | ± {each.deviation:.4f} |"
        for each in importance.fields[:MAX_FIELDS]
    )
    rest = len(importance.fields) - MAX_FIELDS
    more = f"\n\n{rest} more fields matter less." if rest > 0 else ""
    return f"""
## What the model relies on

By how much {importance.metric} rises when a field's values are shuffled among {importance.rows}
test rows: the mean of five shuffles, and their standard deviation. Fields that carry the same
information share their importance.

| Field | Rise of {importance.metric} | Spread |
|---|---|---|
{rows}{more}
"""


def rows_of(manifest: Manifest) -> str:
    """Return the number of rows in each split."""
    data = manifest.data
    calibration = f"{data.calibration_rows} calibration rows, " if data.calibration_rows else ""
    return f"{data.training_rows} training rows, {calibration}{data.test_rows} test rows"


def foreign_texts_of(config: Config) -> str:
    """Return a quote that says that the card's texts describe other data; nothing if they do not.

    Args:
        config: the texts, and the data.
    """
    text = config.find_foreign_texts()
    return f"> **The texts of this card are about other data:** {cell(text)}\n\n" if text else ""


def split_of(config: Config) -> str:
    """Describe how the rows were split.

    Args:
        config: the test files, and the split.
    """
    column, paths = cell(config.split.column or ""), config.data.test_path
    calibrated = bool(config.split.calibration_size)
    if config.split.by == "time" and paths is None:
        before = ", and those before them the calibration rows" if calibrated else ""
        way = f"by time, the column {column}: the latest rows are the test rows{before}"
    elif config.split.by == "time":
        way = f"by time, the column {column}: the latest ones are the calibration rows"
    elif config.split.by == "group":
        way = f"by group, the column {column}: all rows of a group are in one part"
    else:
        way = "at random"
    if paths is None:
        return f"The rows were split {way}."
    names = ", ".join(each.name for each in ((paths,) if isinstance(paths, Path) else paths))
    rest = f" The other rows were split {way}." if calibrated else ""
    return f"The test rows are those of {cell(names)}.{rest}"


def answers_of(manifest: Manifest) -> str:
    """Describe an answer."""
    if manifest.labels:
        text = f"One probability for each of: {', '.join(manifest.labels)}."
        if manifest.threshold is None:
            return text
        return (
            f"{text} The label is {manifest.positive} from a probability of "
            f"{manifest.threshold:g} on."
        )
    text = "A value"
    bounds = manifest.output_bounds
    if bounds.minimum is not None:
        text += f", at least {bounds.minimum:g}"
    if bounds.maximum is not None:
        text += f", at most {bounds.maximum:g}"
    if interval := bounds.interval:
        text += (
            f", and around it the interval that holds {100 * interval.coverage:g} % of true values"
            f" (± {interval.half_width:.4g}).\nIt is split-conformal: it holds on average over data"
            " like these, not for each kind of case"
        )
    return f"{text}."


def parity_of(manifest: Manifest) -> str:
    """Return how far the ONNX graph differs from the model that it was exported from."""
    if manifest.parity is None:
        return "The model was imported as an ONNX graph; there was nothing to compare it with."
    scale = manifest.parity_scale
    relative = "" if scale is None else f" times the largest output, {scale:.4g}"
    return (
        "The ONNX graph differs from the model that it was exported from by at most "
        f"{manifest.parity:.2g}{relative}."
    )


def source_of(manifest: Manifest) -> str:
    """Return what it takes to reproduce the model."""
    libraries = ", ".join(f"{name} {version}" for name, version in manifest.libraries.items())
    origin = "".join(f"\n- {name}: {value}" for name, value in manifest.provenance.items())
    return f"`train` with seed {manifest.seed}; libraries: {libraries}.{origin and chr(10)}{origin}"
