"""The artifact, the documentation and the page describe a table with missing values."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
from modelserve import Project, artifact
from modelserve.artifact import Artifact
from modelserve.training.config import Config
from modelserve.training.evaluate import evaluate_artifact
from modelserve.training.splits import Splits
from modelserve.training.train import train
from starlette.testclient import TestClient

FAMILIES = ("iris", "diabetes", "iris_xgboost", "diabetes_xgboost")
DTYPES = {
    "living area": "number",
    "town": "category",
    "rooms": "integer",
    "garden": "boolean",
    "built": "integer",
    "energy class": "category",
    "ceiling": "number",
    "heated": "boolean",
}
NULLABLE = ("living area", "town", "rooms", "garden")
CATEGORIES = {
    "town": ("Besançon", "São Paulo", "Łódź an der Łódka"),
    "energy class": ("A+", 'B, "renovated"'),
}


def test_the_manifest_holds_each_columns_dtype_and_values(houses: Artifact, splits: Splits) -> None:
    rows = splits.training.rows
    features = {each.name: each for each in houses.manifest.features}
    assert {name: each.dtype for name, each in features.items()} == DTYPES
    assert tuple(name for name, each in features.items() if each.nullable) == NULLABLE
    for name, categories in CATEGORIES.items():
        assert features[name].categories == categories
    for name in ("living area", "rooms", "built", "ceiling"):
        bounds = (features[name].minimum, features[name].maximum)
        assert bounds == (rows[name].min(), rows[name].max())


def test_the_model_beats_the_fallback(houses: Artifact) -> None:
    name, least = (
        ("gain_over_majority", 0.2) if houses.manifest.task == "classifier" else ("r2", 0.5)
    )
    assert houses.manifest.metrics[name] > least


def test_the_reference_counts_categories_and_missing_values(
    houses: Artifact, splits: Splits
) -> None:
    rows = splits.training.rows
    kept = houses.read_json(artifact.REFERENCE)["inputs"]
    assert list(kept) == list(DTYPES)
    for name in DTYPES:
        assert kept[name]["missing"] == rows[name].isna().sum()
        assert (kept[name]["missing"] > 0) == (name in NULLABLE)
        assert sum(kept[name]["counts"]) + kept[name]["missing"] == len(rows)
    for name in CATEGORIES:
        counts = dict(zip(kept[name]["categories"], kept[name]["counts"], strict=True))
        assert counts == rows[name].value_counts().to_dict()


def test_the_documentation_and_the_page_list_the_categories(client: TestClient) -> None:
    schema = client.get("/openapi.json").json()["components"]["schemas"]["Row"]
    assert schema["required"] == [name for name in DTYPES if name not in NULLABLE]
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
    assert all(f"| {name} | {dtype} | " in card for name, dtype in DTYPES.items())


def test_a_value_missing_in_a_test_row_alone_makes_its_column_nullable(
    project: Project, changed: Config, splits: Splits, tmp_path: Path
) -> None:
    table = pd.read_csv(changed.data.path)
    table.loc[splits.test.rows.index[0], ["ceiling", "energy class"]] = None
    table.to_csv(tmp_path / "houses.csv", index=False)
    section = changed.data.model_copy(update={"path": tmp_path / "houses.csv"})
    again = changed.model_copy(update={"data": section})

    actual = train(project, again, tmp_path / "model").artifact

    nullable = {each.name for each in actual.manifest.features if each.nullable}
    assert nullable == {*NULLABLE, "ceiling", "energy class"}
    first = actual.read_json(artifact.GOLDEN)[0]["input"]
    assert (first["ceiling"], first["energy class"]) == (None, None)
    _, measured = evaluate_artifact(project, actual, section.path, again)
    assert np.isfinite(list(measured.metrics.values())).all()
