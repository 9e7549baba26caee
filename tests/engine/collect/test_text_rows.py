"""Rows of CSV are what the csv module writes, however they are written."""

import csv
import io
import math
import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from modelserve.collect.columns import MAX_FLOAT32
from modelserve.collect.text_rows import CsvPart
from modelserve.manifest import Dialect, Dtype

VALUES: dict[Dtype, Callable[[random.Random], Any]] = {
    "number": lambda draw: draw.choice((round(draw.gauss(), 1), draw.gauss(), None)),
    "integer": lambda draw: draw.choice((draw.getrandbits(63), -draw.randrange(9), None)),
    "boolean": lambda draw: draw.choice((True, False, None)),
    "category": lambda draw: draw.choice(("a", "é", "b b", "null", "", None)),
}
SPECIAL = ('"', "'", "\\", ",", ";", "\t", "\n", "\r", "\r\n", "\x00", " ")
NUMBERS = (0.0, -0.0, 1e-4, 9.999e-5, 1e-5, 1e15, 9.5e15, 1e16, 1e22, 5e-324, MAX_FLOAT32)


def write(rows: Sequence[Sequence[Any]], dtypes: Sequence[Dtype], dialect: Dialect) -> str:
    """Return what a part holds."""
    stream = io.StringIO(newline="")
    CsvPart(stream, dialect, dtypes).write([list(column) for column in zip(*rows, strict=True)])
    return stream.getvalue()


def expected(rows: Sequence[Sequence[Any]], dialect: Dialect) -> str:
    """Return the rows as the csv module writes them, cell by cell."""

    def spell(value: Any) -> Any:
        if isinstance(value, bool):
            return str(value).lower()
        return repr(value).replace(".", dialect.decimal) if isinstance(value, float) else value

    every = any("\r" in str(cell) for row in rows for cell in row)
    stream = io.StringIO(newline="")
    writer = csv.writer(
        stream,
        delimiter=dialect.separator,
        lineterminator="\n",
        quoting=csv.QUOTE_ALL if every else csv.QUOTE_MINIMAL,
    )
    writer.writerows([[spell(cell) for cell in row] for row in rows])
    return stream.getvalue()


@pytest.mark.parametrize("text", ["", *SPECIAL])
@pytest.mark.parametrize(
    "dialect", [Dialect(separator=a, decimal=b) for a, b in (",.", ";,", "\t.", ",,")], ids=str
)
def test_rows_are_what_the_csv_module_writes(text: str, dialect: Dialect) -> None:
    draw = random.Random(1)
    rows = [[make(draw) for make in VALUES.values()] for _ in range(200)]
    for row in rows[::50]:
        row[-1] = f"{row[-1]}{text}"
    assert write(rows, [*VALUES], dialect) == expected(rows, dialect)


@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_is_spelled_as_repr_spells_it(number: float) -> None:
    rows = [(number, "a"), (-number, "b")]
    assert write(rows, ["number", "category"], Dialect()) == expected(rows, Dialect())


def test_numbers_of_any_size_are_spelled_as_repr_spells_them() -> None:
    draw = random.Random(2)
    for exponent in range(-140, 127):
        rows = [(math.ldexp(draw.uniform(-1, 1), exponent), "a") for _ in range(20)]
        assert write(rows, ["number", "category"], Dialect()) == expected(rows, Dialect())


@pytest.mark.parametrize("dtype", ["number", "category"])
def test_a_lone_missing_value_is_quoted(dtype: Dtype) -> None:
    assert write([(None,)], [dtype], Dialect()) == '""\n'
