"""What an artifact, its documentation and its page say of a table as they are in real life."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
from starlette.testclient import TestClient

from package import artifact
from package.artifact import Artifact
from package.cli import NAME
from package.training import evaluate
from package.training.config import Config
from package.training.parts import Parts
from package.training.train import (
    evaluate_artifact,
    train,
)

KINDS = {
    "living area": "number",
    "town": "category",
    "rooms": "integer",
    "garden": "boolean",
    "built": "integer",
    "energy class": "category",
    "ceiling": "number",
    "heated": "boolean",
}
WITH_GAPS = ("living area", "town", "rooms", "garden")
CATEGORIES = {
    "town": ("Besançon", "São Paulo", "Łódź an der Łódka"),
    "energy class": ("A+", 'B, "renovated"'),
}


def test_the_manifest_knows_each_columns_kind_gaps_and_values(
    houses: Artifact, parts: Parts
) -> None:
    rows = parts.training.rows
    features = {each.name: each for each in houses.manifest.features}
    assert {name: each.kind for name, each in features.items()} == KINDS
    assert tuple(name for name, each in features.items() if each.gaps) == WITH_GAPS
    for name, categories in CATEGORIES.items():
        assert features[name].categories == categories
    for name in ("living area", "rooms", "built", "ceiling"):
        bounds = (features[name].minimum, features[name].maximum)
        assert bounds == (rows[name].min(), rows[name].max())


def test_the_model_has_learnt_something(houses: Artifact) -> None:
    name, least = ("gain_over_majority", 0.2) if evaluate.TASK == "classifier" else ("r2", 0.5)
    assert houses.manifest.metrics[name] > least


def test_the_reference_counts_categories_and_gaps(houses: Artifact, parts: Parts) -> None:
    rows = parts.training.rows
    kept = houses.read_json(artifact.REFERENCE)["inputs"]
    assert list(kept) == list(KINDS)
    for name in KINDS:
        assert kept[name]["missing"] == rows[name].isna().sum()
        assert (kept[name]["missing"] > 0) == (name in WITH_GAPS)
        assert sum(kept[name]["counts"]) + kept[name]["missing"] == len(rows)
    for name in CATEGORIES:
        counts = dict(zip(kept[name]["categories"], kept[name]["counts"], strict=True))
        assert counts == rows[name].value_counts().to_dict()


def test_the_documentation_and_the_page_know_the_categories(client: TestClient) -> None:
    schema = client.get("/openapi.json").json()["components"]["schemas"]["Row"]
    assert schema["required"] == [name for name in KINDS if name not in WITH_GAPS]
    known = json.dumps(schema, ensure_ascii=False)
    page = client.get("/").text
    for categories in CATEGORIES.values():
        for each in categories:
            quoted = json.dumps(each, ensure_ascii=False)[1:-1]
            assert quoted in known
            assert quoted in page


def test_the_card_lists_every_column(houses: Artifact) -> None:
    card = (houses.folder / artifact.CARD).read_text(encoding="utf-8")
    assert f"| town | category | {', '.join(CATEGORIES['town'])}, or missing |" in card
    assert f"| energy class | category | {', '.join(CATEGORIES['energy class'])} |" in card
    assert "| garden | boolean | true or false, or missing |" in card
    assert all(f"| {name} | {kind} | " in card for name, kind in KINDS.items())


def test_a_gap_that_no_training_row_has_is_no_trouble(
    changed: Config, parts: Parts, tmp_path: Path
) -> None:
    table = pd.read_csv(changed.data.path)
    table.loc[parts.test.rows.index[0], ["ceiling", "energy class"]] = None
    table.to_csv(tmp_path / "houses.csv", index=False)
    section = changed.data.model_copy(update={"path": tmp_path / "houses.csv"})
    again = changed.model_copy(update={"data": section})

    found = train(again, tmp_path / "model", project=tmp_path, name=NAME).artifact

    gaps = {each.name for each in found.manifest.features if each.gaps}
    assert gaps == {*WITH_GAPS, "ceiling", "energy class"}
    first = found.read_json(artifact.GOLDEN)[0]["input"]
    assert (first["ceiling"], first["energy class"]) == (None, None)
    _, metrics = evaluate_artifact(found, section.path, again)
    assert np.isfinite(list(metrics.values())).all()
