"""Rows at the edges of a schema are valid and invalid ones are rejected, for every type."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from modelserve import InvalidInputError, Table
from modelserve.artifact import Artifact
from modelserve.serving.table_inputs import TableInputs
from modelserve.testing import edge_rows, invalid_rows, out_of_range_rows

COLUMNS = {
    "number": [0.1, -2.5, 3e38, 7.0],
    "gaps in numbers": [0.1, None, 2.0, 3.0],
    "count": [1, 2, 3, 2**24],
    "nullable count": pd.array([1, None, 3, -4], dtype="Int64"),
    "beyond 2^24": [1_700_000_000_000, 2, 3, -(2**53)],
    "constant": [5, 5, 5, 5],
    "flag": [True, False, True, True],
    "nullable flag": pd.array([True, None, False, True], dtype="boolean"),
    "a/b~c": ["x", "y", "x", "x"],
    '🙂 é "q"': ["n/a", "50 %", 'say "hi"', " leading"],
    "nullable category": ["unseen", None, "unseen?", "z" * 250],
    "class": pd.Categorical(["a", "b", "b", "a"]),
}
EXAMPLE = {
    name: next(value for value in values.tolist() if value is not None and value is not pd.NA)
    for name, values in ((name, np.asarray(each, dtype=object)) for name, each in COLUMNS.items())
}


@pytest.fixture(scope="session")
def inputs(trained: Artifact) -> TableInputs:
    """Return the inputs of a schema with every type of column."""
    frame = pd.DataFrame(COLUMNS).assign(target=[0, 1, 0, 1])
    features = Table.from_frame(frame, target="target").describe()
    manifest = trained.manifest.model_copy(update={"features": features})
    return TableInputs(replace(trained, manifest=manifest))


def parse(inputs: TableInputs, row: Any) -> None:
    """Validate a row after a way through JSON, as a client sends it."""
    inputs.parse([json.loads(json.dumps(row))])


def test_every_type_of_column_is_there(inputs: TableInputs) -> None:
    actual = {(each.dtype, each.nullable) for each in inputs.features}
    types = ("number", "integer", "boolean", "category")
    assert actual == {(dtype, nullable) for dtype in types for nullable in (True, False)}
    parse(inputs, EXAMPLE)


def test_edge_rows_are_valid(inputs: TableInputs) -> None:
    rows = edge_rows(inputs.features, EXAMPLE)
    for row in rows:
        parse(inputs, row)
    assert np.isfinite(inputs.gather(rows).tensors["features"][:, 0]).all()


def test_each_field_has_its_edges(inputs: TableInputs) -> None:
    rows = edge_rows(inputs.features, EXAMPLE)
    assert {row["number"] for row in rows} >= {-2.5, 3e38}
    assert {row["count"] for row in rows} >= {1, 2**24}
    assert {row["class"] for row in rows} == {"a", "b"}
    assert {row["flag"] for row in rows} == {True, False}
    for name in ("gaps in numbers", "nullable count", "nullable flag", "nullable category"):
        assert sum(name not in row for row in rows) == 1
        assert sum(row.get(name, "") is None for row in rows) == 1


def test_invalid_rows_are_rejected_by_their_field(inputs: TableInputs) -> None:
    rows = invalid_rows(inputs.features, EXAMPLE)
    assert {name for name, _ in rows} == set(COLUMNS)
    for name, row in rows:
        with pytest.raises(InvalidInputError) as rejected:
            parse(inputs, row)
        assert [each.pointer for each in rejected.value.errors] == [
            f"/0/{name.replace('~', '~0').replace('/', '~1')}"
        ], row


def test_out_of_range_rows_are_valid_and_out_of_range(inputs: TableInputs) -> None:
    rows = out_of_range_rows(inputs.features, EXAMPLE)
    for row in rows:
        parse(inputs, row)
        assert inputs.out_of_range(inputs.observe([inputs.gather([row])])).tolist() == [True], row
    changed = {name for row in rows for name in COLUMNS if row[name] != EXAMPLE[name]}
    assert changed == set(COLUMNS) - {"flag", "nullable flag"}


def test_a_number_does_not_leave_float32(inputs: TableInputs) -> None:
    rows = out_of_range_rows(inputs.features, EXAMPLE)
    assert np.isfinite([row["number"] for row in rows]).all()
    assert max(row["count"] for row in rows) <= 2**24
