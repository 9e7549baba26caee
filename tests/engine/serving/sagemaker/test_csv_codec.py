"""Rows as CSV, from bytes to arrays and back."""

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from modelserve.artifact import Artifact
from modelserve.errors import InvalidInputError, MalformedError
from modelserve.serving.codec import JsonCodec
from modelserve.serving.sagemaker.csv_codec import CsvCodec
from modelserve.types import Prediction

FAMILIES = ("iris", "sentiment")

Row = dict[str, Any]


def spell(*rows: list[Any]) -> bytes:
    """Return rows as a spreadsheet would write them."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def make(trained: Artifact, **changes: Any) -> tuple[JsonCodec, CsvCodec]:
    """Return the codecs of a model with other features, for at most four rows."""
    manifest = trained.manifest.model_copy(update=changes)
    plain = JsonCodec(replace(trained, manifest=manifest), max_rows=4)
    return plain, CsvCodec(plain, max_rows=4)


@pytest.fixture
def codec(trained: Artifact) -> CsvCodec:
    """Return the codec of the model as it is."""
    return make(trained)[1]


def field_errors(codec: CsvCodec, body: bytes) -> dict[str, str]:
    """Return what is wrong with a body, by where."""
    with pytest.raises(InvalidInputError) as caught:
        codec.decode(body)
    return {each.pointer: each.detail for each in caught.value.errors}


def assert_same(one: Any, other: Any) -> None:
    """Hold two calls to be equal."""
    assert one.rows == other.rows
    assert one.tensors.keys() == other.tensors.keys()
    for name, array in one.tensors.items():
        np.testing.assert_array_equal(array, other.tensors[name])


@pytest.mark.parametrize(
    "write",
    [
        pytest.param(lambda names, rows: spell(*rows), id="bare"),
        pytest.param(lambda names, rows: spell(names, *rows), id="with-a-head"),
        pytest.param(
            lambda names, rows: spell(names[::-1], *(row[::-1] for row in rows)),
            id="with-a-head-in-another-order",
        ),
        pytest.param(lambda names, rows: b"\xef\xbb\xbf" + spell(names, *rows), id="with-a-mark"),
        pytest.param(lambda names, rows: spell(*rows).rstrip(), id="no-line-end-at-the-end"),
        pytest.param(lambda names, rows: b"\n".join([spell(row) for row in rows]), id="gaps"),
        pytest.param(lambda names, rows: spell(*rows).replace(b"\r\n", b"\n"), id="unix"),
        pytest.param(lambda names, rows: spell(*rows).replace(b"\r\n", b"\r"), id="old-mac"),
    ],
)
def test_rows_are_read_however_they_are_laid_out(
    codec: CsvCodec, trained: Artifact, golden: list[Row], write: Callable[..., bytes]
) -> None:
    rows = [case["input"] for case in golden[:3]]
    body = write(list(rows[0]), [list(row.values()) for row in rows])
    assert_same(codec.decode(body), make(trained)[0].gather(rows))


def test_a_cell_may_hold_commas_quotes_and_line_ends(
    codec: CsvCodec, trained: Artifact, row: Row
) -> None:
    odd = {
        name: f'{value}, "so"\r\nthey\u2028say' if isinstance(value, str) else value
        for name, value in row.items()
    }
    assert_same(codec.decode(spell(list(odd.values()))), make(trained)[0].gather([odd]))


def test_an_empty_cell_is_missing_where_it_may_be(trained: Artifact, row: Row) -> None:
    features = tuple(
        each.model_copy(update={"nullable": each.dtype != "text" and i % 2 == 0})
        for i, each in enumerate(trained.manifest.features)
    )
    nullable = {each.name for each in features if each.nullable}
    plain, codec = make(trained, features=features)
    sparse = {name: value for name, value in row.items() if name not in nullable}

    read = codec.decode(spell([sparse.get(name, "") for name in row]))

    assert_same(read, plain.gather([sparse]))
    refused = field_errors(codec, spell([""] * len(row)))
    assert refused.keys() == {f"/instances/0/{name}" for name in row if name not in nullable}


def test_every_row_that_is_wrong_is_named_in_order(codec: CsvCodec, row: Row) -> None:
    cells, wrong = list(row.values()), [""] * len(row)
    refused = field_errors(codec, spell([*cells, 1], wrong, [*cells, "", ""], wrong))
    assert list(refused) == [
        "/instances/0",
        *(f"/instances/1/{name}" for name in row),
        "/instances/2",
        *(f"/instances/3/{name}" for name in row),
    ]
    hint = "in the order of the fields or below a header line that names every field"
    assert refused["/instances/2"] == f"{len(row) + 2} values; should be {len(row)}, {hint}"


@pytest.mark.parametrize(
    ("rows", "count"),
    [pytest.param(0, 0, id="none"), pytest.param(5, 5, id="too-many")],
)
@pytest.mark.parametrize("head", [True, False])
def test_there_must_be_rows_and_not_too_many(
    codec: CsvCodec, row: Row, rows: int, count: int, head: bool
) -> None:
    body = spell(*([list(row)] if head else []), *[list(row.values())] * rows)
    assert field_errors(codec, body) == {"/instances": f"{count} rows; should be 1 to 4 (MAX_ROWS)"}


def test_rows_by_the_thousand_are_told_how_many_there_may_be(codec: CsvCodec, row: Row) -> None:
    body = spell(*[list(row.values())] * 10_000)
    ((pointer, detail),) = field_errors(codec, body).items()
    assert pointer == "/instances"
    assert detail.endswith("; should have 1 to 4 rows (MAX_ROWS)")


def test_cells_with_another_separator_are_told_which_one_it_is(trained: Artifact) -> None:
    features = (*trained.manifest.features, trained.manifest.features[0])
    if features[0].dtype == "text":
        pytest.skip("one field")
    names = [each.model_copy(update={"name": f"f{i}"}) for i, each in enumerate(features)]
    codec = make(trained, features=tuple(names))[1]
    detail = f"1 value; should be {len(names)}, separated by commas"
    assert field_errors(codec, b"1;2;3\n") == {"/instances/0": detail}


@pytest.mark.parametrize("dtype", ["number", "integer", "boolean"])
@pytest.mark.parametrize("nullable", [True, False])
def test_a_number_is_spelled_as_in_json(
    trained: Artifact, row: Row, dtype: str, nullable: bool
) -> None:
    first = trained.manifest.features[0]
    if first.dtype == "text":
        pytest.skip("no numbers")
    changed = first.model_copy(update={"dtype": dtype, "nullable": nullable})
    features = (changed, *trained.manifest.features[1:])
    codec = make(trained, features=features)[1]
    _, *others = row.values()
    assert codec.decode(spell(["1", *others])).rows == 1
    assert field_errors(codec, spell(["1_0", *others])).keys() == {f"/instances/0/{first.name}"}


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"\xff\xfe1\n", id="no-text"),
        pytest.param(b'"torn', id="open-quote"),
        pytest.param(b'"a"b,1\n', id="text-behind-a-quote"),
        pytest.param(b"x" * 200_000, id="long-cell"),
    ],
)
def test_what_is_no_csv_is_malformed(codec: CsvCodec, body: bytes) -> None:
    with pytest.raises(MalformedError, match="no valid CSV"):
        codec.decode(body)


def test_a_predictions_values_stand_in_a_line_a_row(trained: Artifact, row: Row) -> None:
    manifest = trained.manifest
    outputs = np.asarray([manifest.fallback] * 2, dtype=np.float32)
    plain, codec = make(trained, labels=tuple(f'"{each}", so' for each in manifest.labels))
    prediction = Prediction(outputs, degraded=False)
    call = plain.gather([row] * 2)

    answer = codec.encode(call, prediction, "mine").decode()

    tensors = plain.outputs.arrays(prediction)
    values = [value for each in tensors.values() for value in np.ravel(each[0]).tolist()]
    lines = list(csv.reader(io.StringIO(answer, newline=""), strict=True))
    assert answer.endswith("\n")
    assert "\r" not in answer
    assert len(lines) == 2
    for cell, value in zip(lines[0], values, strict=True):
        if isinstance(value, str):
            assert cell == value
        else:
            assert float(cell) == pytest.approx(value, 1e-5)


@pytest.mark.parametrize("head", [True, False])
def test_what_must_not_be_kept_is_taken_from_its_column(
    codec: CsvCodec, row: Row, head: bool
) -> None:
    hidden, *names = list(row)
    turned = [*names, hidden] if head else [hidden, *names]
    rows = [turned] * head + [[row[name] for name in turned]] * 2

    kept = codec.redact(spell(*rows), {hidden}).decode()

    actual = list(csv.reader(io.StringIO(kept, newline="")))
    place = turned.index(hidden)
    assert [each[place] for each in actual] == [hidden] * head + ["[redacted]"] * 2
    rest = [each[:place] + each[place + 1 :] for each in actual]
    assert rest == [names] * head + [[str(row[name]) for name in names]] * 2
