"""The card holds what the manifest knows, where people and the Hub look for it."""

import pytest

from package import artifact
from package.artifact import Artifact
from package.training.card import write_card
from package.training.gate import Verdict


def front_matter(card: str) -> dict[str, str]:
    """Return the fields between the first two rules, each on a line of its own."""
    opening, fields, body = card.split("---\n", 2)
    assert not opening
    assert body.startswith("# ")
    return dict(line.split(": ", 1) for line in fields.splitlines())


def test_every_figure_of_the_manifest_is_in_the_card(found: Artifact) -> None:
    manifest = found.manifest
    card = (found.folder / artifact.CARD).read_text(encoding="utf-8")
    lines = card.splitlines()
    for name, value in manifest.metrics.items():
        assert f"| {name} | {value:.4f} |" in lines
    for each in manifest.features:
        assert f"| {each.name} | {each.kind} | {each.minimum:g} to {each.maximum:g} |" in lines
    for name, version in manifest.libraries.items():
        assert f"{name} {version}" in card
    assert f"# {manifest.name} {manifest.version}" in card
    assert manifest.description in card
    assert f"{manifest.data.training_rows} rows to train on, {manifest.data.test_rows}" in card
    assert f"`{manifest.data.sha256}`" in card
    assert f"at most {manifest.parity:.2g}." in card
    assert f"seed {manifest.seed};" in card


def test_the_gate_is_told_with_its_bounds(found: Artifact) -> None:
    card = write_card(found.manifest, [Verdict("score", 0.98765, ">= 0.9", True)], licence="MIT")
    assert "| score | 0.9877 | >= 0.9 |" in card


@pytest.mark.parametrize(
    ("licence", "told"),
    [
        pytest.param("MIT", "mit", id="open"),
        pytest.param("Apache-2.0", "apache-2.0", id="open, with a number"),
        pytest.param("LicenseRef-Proprietary", "other", id="the owner's own"),
    ],
)
def test_the_front_matter_is_what_the_hub_reads(found: Artifact, licence: str, told: str) -> None:
    fields = front_matter(write_card(found.manifest, [], licence=licence))
    assert fields == {
        "license": told,
        "library_name": "onnx",
        "tags": f"[{found.manifest.task}, onnx]",
    }
