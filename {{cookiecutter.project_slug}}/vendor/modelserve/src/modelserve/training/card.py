"""Write the model card: what people should know before they use the model."""

from ..manifest import Manifest
from .gate import GateResult
from .sections import Card

KINDS = {"classifier": "classification", "regressor": "regression"}


def write_card(
    manifest: Manifest,
    results: list[GateResult],
    card: Card,
    *,
    licence: str,
    pipeline_tag: str,
) -> str:
    """Return the card in Markdown, with the front matter that the Hugging Face Hub reads."""
    metrics = "\n".join(f"| {name} | {value:.4f} |" for name, value in manifest.metrics.items())
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

{manifest.description}

## Use

{card.intended_use.strip()}

{card.limitations.strip()}

## Data

{manifest.data.source}: {rows_of(manifest)}.
SHA-256 `{manifest.data.sha256}`.

| Field | Type | Seen in training |
|---|---|---|
{features}

## Answers

{answers_of(manifest)}

## Metrics on the test rows

| Metric | Value |
|---|---|
{metrics}

| Gate | Value | Bound |
|---|---|---|
{gate}

{parity_of(manifest)}

## Limits

Outside of the ranges above, answers are unreliable. The metrics hold for data like these, and are
uncertain themselves: they come from {manifest.data.test_rows} rows.

## How to reproduce it

{source_of(manifest)}
"""


def cell(text: str) -> str:
    """Escape a text for a table's cell."""
    return text.replace("|", "\\|")


def rows_of(manifest: Manifest) -> str:
    """Return the number of rows in each split."""
    data = manifest.data
    calibration = f"{data.calibration_rows} calibration rows, " if data.calibration_rows else ""
    return f"{data.training_rows} training rows, {calibration}{data.test_rows} test rows"


def answers_of(manifest: Manifest) -> str:
    """Describe an answer."""
    if manifest.labels:
        return f"One probability for each of: {', '.join(manifest.labels)}."
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
    return (
        "The ONNX graph differs from the model that it was exported from by at most "
        f"{manifest.parity:.2g}."
    )


def source_of(manifest: Manifest) -> str:
    """Return what it takes to reproduce the model."""
    libraries = ", ".join(f"{name} {version}" for name, version in manifest.libraries.items())
    origin = "".join(f"\n- {name}: {value}" for name, value in manifest.provenance.items())
    return f"`train` with seed {manifest.seed}; libraries: {libraries}.{origin and chr(10)}{origin}"
