"""The model card: what a person should know before trusting the model."""

from ..artifact import Manifest
from .gate import Verdict


def write_card(manifest: Manifest, verdicts: list[Verdict], *, licence: str) -> str:
    """Return the card in Markdown, with the front matter that the Hugging Face Hub reads."""
    metrics = "\n".join(f"| {name} | {value:.4f} |" for name, value in manifest.metrics.items())
    gate = "\n".join(f"| {each.metric} | {each.value:.4f} | {each.bound} |" for each in verdicts)
    features = "\n".join(
        f"| {each.name} | {each.kind} | {each.minimum:g} to {each.maximum:g} |"
        for each in manifest.features
    )
    libraries = ", ".join(f"{name} {version}" for name, version in manifest.libraries.items())
    return f"""---
license: {"other" if licence.startswith("LicenseRef") else licence.lower()}
library_name: onnx
tags: [{manifest.task}, onnx]
---
# {manifest.name} {manifest.version}

{manifest.description}

## Data

{manifest.data.source}: {manifest.data.training_rows} rows to train on, {manifest.data.test_rows}
held back. SHA-256 `{manifest.data.sha256}`.

| Field | Kind | Range in training |
|---|---|---|
{features}

## Quality on the rows held back

| Metric | Value |
|---|---|
{metrics}

| Gate | Value | Bound |
|---|---|---|
{gate}

The ONNX graph differs from the model that it was made from by at most {manifest.parity:.2g}.

## Limits

Outside the ranges above, the model has seen nothing and its answers mean little. The figures hold
for data like the sample's; on {manifest.data.test_rows} rows they are themselves uncertain.

## How to make it again

`train` with seed {manifest.seed}; libraries: {libraries}.
"""
