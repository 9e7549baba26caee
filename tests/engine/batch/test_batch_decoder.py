"""Columns are decoded at once as rows are one by one, whatever their cells hold."""

import itertools
import random
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from modelserve.artifact import Artifact
from modelserve.batch.decoder import ColumnDecoder
from modelserve.errors import InvalidInputError
from modelserve.manifest import Dialect, Feature
from modelserve.serving.table_inputs import TableInputs

DTYPES = ("number", "integer", "boolean", "category")
PLAIN = {
    "number": ["5.1", "-0.25", "1e3", "1E-3", "0", "007", "+5", " 5 ", "5.", ".5", "-0"],
    "integer": ["5", "-7", "0", "59.0", "16777216", "-16777216", "1e3", "010", "+3", " 4 "],
    "boolean": ["true", "false", "True", "False", "TRUE", "FALSE", "1", "0", "1.0", "0.0"],
    "category": ["a", "01", " a ", "NA", "nan", "é", "x" * 200, "1"],
}
ODD = [
    *("", " ", "  5", "\t5", "5\n", "5\u00a0", "\u20035", "1e400", "-1e400", "1e-400", "1e39"),
    *("NaN", "nan", "+nan", "inf", "-Infinity", "1_000", "1__0", "_1", "0_0", "\u0661\u0662"),
    *("-", "+", ".", "e", "1e", "e5", "--5", "+-5", "+ 5", "5 5", "0x10", "1d5", "1,5", "5.5.5"),
    *(
        "16777217",
        "59.5",
        "123456789012345678901234567890",
        "3.4028235e38",
        "3.4028234663852886e38",
    ),
    *("true", "yes", "t", "on", "2", "\u00bd", "x" * 201, "\x00", "1.0000000000000000000001"),
]


def make_inputs(trained: Artifact, *features: Feature) -> TableInputs:
    """Return the schema of a model with some features; only empty cells are missing values."""
    data = trained.manifest.data.model_copy(update={"dialect": Dialect()})
    manifest = trained.manifest.model_copy(update={"data": data, "features": features})
    return TableInputs(replace(trained, manifest=manifest))


def make_feature(dtype: Any, *, nullable: bool, name: str = "") -> Feature:
    """Return a feature of a dtype."""
    return Feature(
        name=name or dtype, dtype=dtype, minimum=0, maximum=1, example="0", nullable=nullable
    )


def by_rows(inputs: TableInputs, columns: dict[str, list[str]]) -> dict[str, Any] | None:
    """Return the tensors of rows; None if one of them is invalid."""
    rows = [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]
    try:
        return dict(inputs.gather(inputs.parse(rows, text=True)).tensors)
    except InvalidInputError:
        return None


def assert_same(actual: Any, expected: dict[str, Any]) -> None:
    """Compare tensors bit by bit."""
    assert actual.keys() == expected.keys()
    for name, values in expected.items():
        assert actual[name].dtype == values.dtype
        np.testing.assert_array_equal(actual[name], values)
        if values.dtype != object:
            assert (np.signbit(actual[name]) == np.signbit(values)).all()


@pytest.mark.parametrize("nullable", [False, True], ids=["required", "nullable"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_column_is_what_rows_are_or_is_left_to_them(
    trained: Artifact, dtype: str, nullable: bool
) -> None:
    feature = make_feature(dtype, nullable=nullable)
    inputs, decoder = make_inputs(trained, feature), ColumnDecoder([feature])
    plain = PLAIN[dtype] + ([""] if nullable else [])
    for cells in ([each] for each in {*plain, *ODD}):
        columns = {dtype: plain + cells}
        actual = decoder.decode(columns, len(columns[dtype]))
        expected = by_rows(inputs, columns)
        if actual is not None:
            assert expected is not None, cells
            assert_same(actual.tensors, expected)
    whole = decoder.decode({dtype: plain}, len(plain))
    assert whole is not None  # not everything is left to rows


@pytest.mark.parametrize("seed", range(20))
def test_tables_of_random_cells_are_what_their_rows_are(trained: Artifact, seed: int) -> None:
    draw = random.Random(seed)
    features = [
        make_feature(dtype, nullable=nullable, name=f"{dtype} {nullable}")
        for dtype, nullable in itertools.product(DTYPES, (False, True))
    ]
    draw.shuffle(features)
    inputs, decoder = make_inputs(trained, *features), ColumnDecoder(features)
    odd = seed % 3 == 0
    columns = {}
    for feature in draw.sample(features, len(features)):
        cells = PLAIN[feature.dtype] + ([""] if feature.nullable else [])
        columns[feature.name] = draw.choices(cells, k=50)
        if odd:
            columns[feature.name][draw.randrange(50)] = draw.choice(ODD)

    actual, expected = decoder.decode(columns, 50), by_rows(inputs, columns)

    assert odd or actual is not None
    if actual is not None:
        assert expected is not None
        assert_same(actual.tensors, expected)


@pytest.mark.parametrize("nullable", [False, True], ids=["required", "nullable"])
def test_a_column_that_is_not_there_is_missing_everywhere(
    trained: Artifact, nullable: bool
) -> None:
    features = [make_feature(dtype, nullable=nullable) for dtype in DTYPES]
    actual = ColumnDecoder(features).decode({}, 2)
    if not nullable:
        assert actual is None
        return
    assert actual is not None
    inputs = make_inputs(trained, *features)
    assert_same(actual.tensors, dict(inputs.gather(inputs.parse([{}, {}], text=True)).tensors))
