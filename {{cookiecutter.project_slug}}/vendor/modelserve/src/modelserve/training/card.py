"""The model card: what a person should know before trusting the model."""

from ..artifact import Manifest
from .gate import Verdict
from .sections import Card

KINDS = {"classifier": "classification", "regressor": "regression"}


def write_card(
    manifest: Manifest,
    verdicts: list[Verdict],
    card: Card,
    *,
    licence: str,
    pipeline_tag: str,
) -> str:
    """Return the card in Markdown, with the front matter that the Hugging Face Hub reads."""
    metrics = "\n".join(f"| {name} | {value:.4f} |" for name, value in manifest.metrics.items())
    gate = "\n".join(f"| {each.metric} | {each.value:.4f} | {each.bound} |" for each in verdicts)
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

| Field | Kind | Seen in training |
|---|---|---|
{features}

## Answers

{answers_of(manifest)}

## Quality on the rows held back

| Metric | Value |
|---|---|
{metrics}

| Gate | Value | Bound |
|---|---|---|
{gate}

{parity_of(manifest)}

## Limits

Outside of what training has seen, answers mean little. The figures hold for data like these; on
{manifest.data.test_rows} rows they are themselves uncertain.

## How to make it again

{source_of(manifest)}
"""


def cell(text: str) -> str:
    """Return a text that stays in its cell."""
    return text.replace("|", "\\|")


def rows_of(manifest: Manifest) -> str:
    """Return how many rows the model was made of and judged by."""
    data = manifest.data
    calibration = f"{data.calibration_rows} to calibrate with, " if data.calibration_rows else ""
    return f"{data.training_rows} rows to train on, {calibration}{data.test_rows} held back"


def answers_of(manifest: Manifest) -> str:
    """Return what an answer holds."""
    if manifest.labels:
        return f"One probability for each of: {', '.join(manifest.labels)}."
    text = "A value"
    kept = manifest.output_bounds
    if kept.minimum is not None:
        text += f", at least {kept.minimum:g}"
    if kept.maximum is not None:
        text += f", at most {kept.maximum:g}"
    if interval := kept.interval:
        text += (
            f", and around it the interval that holds {100 * interval.coverage:g} % of true values"
            f" (± {interval.half_width:.4g}).\nIt is split-conformal: it holds on average over data"
            " like these, not for each kind of case"
        )
    return f"{text}."


def parity_of(manifest: Manifest) -> str:
    """Return how near the graph is to the model that it was made from."""
    if manifest.parity is None:
        return "The model came as an ONNX graph; there was nothing to compare it with."
    return (
        "The ONNX graph differs from the model that it was made from by at most "
        f"{manifest.parity:.2g}."
    )


def source_of(manifest: Manifest) -> str:
    """Return what it takes to make the same model again."""
    libraries = ", ".join(f"{name} {version}" for name, version in manifest.libraries.items())
    origin = "".join(f"\n- {name}: {value}" for name, value in manifest.provenance.items())
    return f"`train` with seed {manifest.seed}; libraries: {libraries}.{origin and chr(10)}{origin}"
