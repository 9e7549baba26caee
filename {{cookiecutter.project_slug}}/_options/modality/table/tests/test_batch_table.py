"""The cells of a CSV file are text, and become what the model's schema says."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from package.artifact import Artifact, Feature
from package.batch import Batch
from package.errors import InvalidInputError
from package.serving.inputs import Inputs

KINDS = ("number", "integer", "boolean", "category")


@pytest.fixture
def inputs(found: Artifact) -> Inputs:
    """Return the schema of a model with one field of each kind."""
    features = tuple(
        Feature(name=kind, kind=kind, minimum=0, maximum=1, example="0") for kind in KINDS
    )
    changed = found.manifest.model_copy(update={"features": features})
    return Inputs(replace(found, manifest=changed), max_text_length=9)


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
def test_a_cell_is_read_by_its_columns_kind(
    inputs: Inputs, cells: tuple[str, ...], values: tuple[Any, ...]
) -> None:
    (row,) = inputs.parse([dict(zip(KINDS, cells, strict=True))], text=True)
    assert row == dict(zip(KINDS, values, strict=True))


@pytest.mark.parametrize("cell", ["", "many", "nan", "inf", "1e39", "1,5"])
def test_a_cell_that_is_no_number_is_named(inputs: Inputs, cell: str) -> None:
    cells = {"number": cell, "integer": "1", "boolean": "no", "category": "x"}
    with pytest.raises(InvalidInputError) as caught:
        inputs.parse([cells], text=True)
    assert [each.where for each in caught.value.complaints] == ["/0/number"]


def test_text_is_no_number_where_values_are_typed(inputs: Inputs) -> None:
    with pytest.raises(InvalidInputError) as caught:
        inputs.parse([{"number": "1", "integer": "1", "boolean": "no", "category": "x"}])
    where = [each.where for each in caught.value.complaints]
    assert where == ["/0/number", "/0/integer", "/0/boolean"]


def test_every_bad_cell_of_every_bad_row_is_told(
    found: Artifact, row: dict[str, Any], tmp_path: Path
) -> None:
    first, last = min(row), max(row)
    rows = [row, row | {first: "many", last: "few"}, row, row | {last: "inf"}]
    lines = [",".join(row), *(",".join(map(str, each.values())) for each in rows)]
    source, output = tmp_path / "rows.csv", tmp_path / "answers.jsonl"
    source.write_text("\n".join(lines), encoding="utf-8")

    tally = Batch(found).run(source, output)

    rejected = tmp_path / "answers.jsonl.rejected"
    told = [json.loads(line) for line in rejected.read_text(encoding="utf-8").splitlines()]
    fields = [{reason.partition(":")[0] for reason in each["problems"]} for each in told]
    assert [each["row"] for each in told] == [1, 3]
    assert fields == [{first, last}, {last}]
    assert (tally.answered, tally.rejected) == (2, 2)
