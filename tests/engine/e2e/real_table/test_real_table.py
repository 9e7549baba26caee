"""Missing values, accents and unseen categories are answered alike on every route."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from modelserve import Project
from modelserve.artifact import Artifact
from modelserve.batch import BatchPredictor
from modelserve.training import graphs
from modelserve.training.config import Config
from modelserve.training.splits import Splits
from starlette.testclient import TestClient

FAMILIES = ("iris", "diabetes", "iris_xgboost", "diabetes_xgboost")
NUMBERS = ("living area", "rooms", "garden", "built", "ceiling", "heated")
TEXTS = ("town", "energy class")
NULLABLE = ("living area", "town", "rooms", "garden")
COMPLETE = ("built", "energy class", "ceiling", "heated")
TOWNS = ("Besançon", "São Paulo", "Łódź an der Łódka")

Row = dict[str, Any]
Infer = Callable[[list[Row]], Any]


@pytest.fixture
def close(project: Project, changed: Config, splits: Splits, cases: list[Row]) -> Any:
    """Return what the model itself answers to the golden cases, give or take its tolerance."""
    exported = project.train(splits.training, changed.model, changed.seed)
    assert exported.native is not None
    native = exported.native(splits.test)[: len(cases)]
    return pytest.approx(native, rel=1e-5, abs=2e-6 + changed.parity.tolerance)


@pytest.fixture
def infer(client: TestClient, houses: Artifact) -> Infer:
    """Return a way to ask about rows as tensors."""

    def ask_tensors(rows: list[Row]) -> Any:
        inputs = [
            {
                "name": name,
                "datatype": datatype,
                "shape": [len(rows), len(columns)],
                "data": [[plain(row[each]) for each in columns] for row in rows],
            }
            for name, datatype, columns in (
                ("features", "FP32", NUMBERS),
                ("categories", "BYTES", TEXTS),
            )
        ]
        return client.post(f"/v2/models/{houses.manifest.name}/infer", json={"inputs": inputs})

    return ask_tensors


def plain(value: Any) -> Any:
    """Return a value as a tensor holds it, where a truth is a number."""
    return float(value) if isinstance(value, bool) else value


def numbers_of(predictions: list[Row]) -> np.ndarray:
    """Return what the model gave for each prediction, of shape (rows, n_outputs)."""
    given = [each.get("probabilities", {"": each.get("value")}) for each in predictions]
    return np.array([list(each.values()) for each in given])


def ask(client: TestClient, *rows: Row) -> np.ndarray:
    """Return what the service answers to rows."""
    response = client.post("/predict", json={"instances": rows})
    assert response.status_code == 200, response.text
    assert response.json()["degraded"] is False
    return numbers_of(response.json()["predictions"])


@pytest.fixture
def rows(cases: list[Row]) -> list[Row]:
    """Return the golden cases' rows, some of which have missing values."""
    actual = [case["input"] for case in cases]
    assert None in [value for row in actual for value in row.values()]
    return actual


def test_the_golden_cases_are_the_models_own_answers(cases: list[Row], close: Any) -> None:
    assert np.array([case["output"] for case in cases]) == close


def test_the_service_gives_the_models_own_answers(
    client: TestClient, rows: list[Row], close: Any
) -> None:
    assert ask(client, *rows) == close


def test_tensors_with_null_get_the_models_own_answers(
    infer: Infer, houses: Artifact, rows: list[Row], close: Any
) -> None:
    response = infer(rows)
    assert response.status_code == 200, response.text
    tensors = {each["name"]: each for each in response.json()["outputs"]}
    assert (
        np.reshape(tensors[graphs.output_name(houses.manifest.labels)]["data"], (len(rows), -1))
        == close
    )


def test_a_file_with_empty_fields_gets_the_models_own_answers(
    project: Project, houses: Artifact, rows: list[Row], close: Any, tmp_path: Path
) -> None:
    source, output = tmp_path / "rows.csv", tmp_path / "answers.jsonl"
    with source.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0])  # it writes nothing where nothing is
        writer.writeheader()
        writer.writerows(rows)

    counts = BatchPredictor(project.make_service(houses.folder)).run(source, output)

    lines = [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]
    assert (counts.answered, counts.rejected) == (len(rows), 0)
    assert numbers_of(lines) == close


def test_one_request_without_a_service_gets_the_models_own_answers(
    project: Project, houses: Artifact, rows: list[Row], close: Any
) -> None:
    body = json.dumps({"instances": rows}).encode()
    assert (
        numbers_of(
            json.loads(BatchPredictor(project.make_service(houses.folder)).answer(body, "id"))[
                "predictions"
            ]
        )
        == close
    )


@pytest.mark.parametrize("name", NULLABLE)
def test_a_value_may_be_null_or_left_out_alike(client: TestClient, full: Row, name: str) -> None:
    left_out = {each: value for each, value in full.items() if each != name}
    null, out = ask(client, full | {name: None}, left_out)
    assert null.tolist() == out.tolist()


def test_required_fields_alone_are_answered(client: TestClient, full: Row) -> None:
    assert np.isfinite(ask(client, {name: full[name] for name in COMPLETE})).all()


def test_each_category_and_a_missing_one_have_their_own_answers(
    client: TestClient, full: Row
) -> None:
    answers = ask(client, *(full | {"town": town} for town in (*TOWNS, None)))
    assert len(np.unique(answers, axis=0)) == 4


@pytest.mark.parametrize("town", ["Atlantis", "besançon", "São  Paulo", "😀 " * 60])
def test_an_unseen_category_is_answered(
    client: TestClient, infer: Infer, full: Row, town: str
) -> None:
    answer = ask(client, full | {"town": town}, full | {"town": "never seen"})
    assert answer[0].tolist() == answer[1].tolist()
    assert infer([full | {"town": town}]).status_code == 200


@pytest.mark.parametrize("name", COMPLETE)
def test_a_field_that_was_never_missing_is_required(
    client: TestClient, infer: Infer, full: Row, name: str
) -> None:
    left_out = {each: value for each, value in full.items() if each != name}
    response = client.post("/predict", json={"instances": [full, full | {name: None}, left_out]})
    assert response.status_code == 422
    pointers = [each["pointer"] for each in response.json()["errors"]]
    assert pointers == [f"/instances/1/{name}", f"/instances/2/{name}"]

    response = infer([full, full | {name: None}])
    tensor, columns = (0, NUMBERS) if name in NUMBERS else (1, TEXTS)
    place = len(columns) + columns.index(name)
    assert response.status_code == 400
    assert f"/inputs/{tensor}/data/{place}" in response.json()["error"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("living area", "large"),
        ("living area", True),
        ("town", 7),
        ("energy class", ""),
        ("rooms", 2.5),
        ("garden", 2),
        ("energy class", ["A+"]),
        ("heated", "yes"),
    ],
)
def test_a_value_of_another_type_is_named(
    client: TestClient, full: Row, name: str, value: Any
) -> None:
    response = client.post("/predict", json={"instances": [full | {name: value}]})
    assert response.status_code == 422
    assert [each["pointer"] for each in response.json()["errors"]] == [f"/instances/0/{name}"]
