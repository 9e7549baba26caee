"""The cells of a CSV file are converted by the model's schema."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from modelserve.artifact import Artifact
from modelserve.batch import BatchPredictor
from modelserve.errors import InvalidInputError
from modelserve.manifest import Feature
from modelserve.serving.table_inputs import TableInputs

FAMILIES = ("iris", "diabetes")
DTYPES = ("number", "integer", "boolean", "category")


@pytest.fixture
def inputs(trained: Artifact) -> TableInputs:
    """Return the schema of a model with one field of each dtype."""
    features = tuple(
        Feature(name=dtype, dtype=dtype, minimum=0, maximum=1, example="0") for dtype in DTYPES
    )
    changed = trained.manifest.model_copy(update={"features": features})
    return TableInputs(replace(trained, manifest=changed))


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        pytest.param(("1.5", "2", "true", "é"), (1.5, 2, True, "é"), id="plain"),
        pytest.param(
            (" 1e3 ", "-2.0", "False", " a, b "), (1000, -2, False, " a, b "), id="as pandas writes"
        ),
        pytest.param(("7", "0", "0", "12"), (7, 0, False, "12"), id="digits"),
    ],
)
def test_a_cell_is_read_by_its_columns_dtype(
    inputs: TableInputs, cells: tuple[str, ...], values: tuple[Any, ...]
) -> None:
    (row,) = inputs.parse([dict(zip(DTYPES, cells, strict=True))], text=True)
    assert row == dict(zip(DTYPES, values, strict=True))


@pytest.mark.parametrize("cell", ["", "many", "nan", "inf", "1e39", "1,5"])
def test_a_cell_that_is_not_a_number_is_named(inputs: TableInputs, cell: str) -> None:
    cells = {"number": cell, "integer": "1", "boolean": "no", "category": "x"}
    with pytest.raises(InvalidInputError) as caught:
        inputs.parse([cells], text=True)
    assert [each.pointer for each in caught.value.errors] == ["/0/number"]


def test_a_text_is_not_a_number_in_json(inputs: TableInputs) -> None:
    with pytest.raises(InvalidInputError) as caught:
        inputs.parse([{"number": "1", "integer": "1", "boolean": "no", "category": "x"}])
    where = [each.pointer for each in caught.value.errors]
    assert where == ["/0/number", "/0/integer", "/0/boolean"]


def test_every_invalid_cell_of_every_row_is_reported(
    batch: BatchPredictor, row: dict[str, Any], tmp_path: Path
) -> None:
    first, last = min(row), max(row)
    rows = [row, row | {first: "many", last: "few"}, row, row | {last: "inf"}]
    lines = [",".join(row), *(",".join(map(str, each.values())) for each in rows)]
    source, output = tmp_path / "rows.csv", tmp_path / "answers.jsonl"
    source.write_text("\n".join(lines), encoding="utf-8")

    counts = batch.run(source, output)

    rejected = tmp_path / "answers.jsonl.rejected"
    reported = [json.loads(line) for line in rejected.read_text(encoding="utf-8").splitlines()]
    fields = [{reason.partition(":")[0] for reason in each["problems"]} for each in reported]
    assert [each["row"] for each in reported] == [1, 3]
    assert fields == [{first, last}, {last}]
    assert (counts.answered, counts.rejected) == (2, 2)
