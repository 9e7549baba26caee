"""Rows as JSON Lines, from bytes to arrays and back."""

import json
from typing import Any

import numpy as np
import pytest
from modelserve.artifact import Artifact
from modelserve.errors import InvalidInputError, MalformedError
from modelserve.serving.codec import JsonCodec
from modelserve.serving.sagemaker.json_lines import JsonLinesCodec
from modelserve.types import Prediction

FAMILIES = ("iris", "sentiment")

Row = dict[str, Any]


@pytest.fixture
def plain(trained: Artifact) -> JsonCodec:
    """Return the service's own codec for at most three rows."""
    return JsonCodec(trained, max_rows=3)


@pytest.fixture
def codec(plain: JsonCodec) -> JsonLinesCodec:
    """Return the codec."""
    return JsonLinesCodec(plain)


@pytest.mark.parametrize(
    ("between", "end"),
    [
        pytest.param("\n", "\n", id="lines"),
        pytest.param("\n", "", id="no-line-end-at-the-end"),
        pytest.param("\r\n", "\r\n", id="windows"),
        pytest.param("\n \n\n", "\n\n", id="empty-lines"),
    ],
)
def test_rows_are_read_line_by_line(
    codec: JsonLinesCodec, plain: JsonCodec, golden: list[Row], between: str, end: str
) -> None:
    rows = [case["input"] for case in golden[:3]]
    body = (between.join(map(json.dumps, rows)) + end).encode()
    read, expected = codec.decode(body), plain.gather(rows)
    assert read.rows == 3
    for name, array in expected.tensors.items():
        np.testing.assert_array_equal(read.tensors[name], array)


def test_a_line_that_is_no_json_is_named(codec: JsonLinesCodec, row: Row) -> None:
    body = json.dumps(row) + '\n\n{"torn'
    with pytest.raises(MalformedError, match="Line 3 is no valid JSON"):
        codec.decode(body.encode())


def test_a_byte_order_mark_is_named(codec: JsonLinesCodec, row: Row) -> None:
    with pytest.raises(MalformedError, match=r"Line 1 .*: it must be UTF-8 without a byte-order"):
        codec.decode(json.dumps(row).encode("utf-8-sig"))


def test_a_row_on_two_lines_is_none(codec: JsonLinesCodec, row: Row) -> None:
    with pytest.raises(MalformedError, match="Line 1 is no valid JSON"):
        codec.decode(json.dumps(row, indent=1).encode())


@pytest.mark.parametrize("line", ["{row},{row}", '{row}],"parameters":[1'])
def test_a_line_holds_one_row(codec: JsonLinesCodec, row: Row, line: str) -> None:
    body = line.replace("{row}", json.dumps(row))
    with pytest.raises(MalformedError, match="Line 1 is no valid JSON: trailing characters"):
        codec.decode(body.encode())


@pytest.mark.parametrize(
    ("rows", "where"),
    [
        pytest.param([], "/instances", id="none"),
        pytest.param([{}] * 4, "/instances", id="too-many"),
        pytest.param([1], "/instances/0", id="no-object"),
    ],
)
def test_rows_that_are_wrong_are_named_as_in_json(
    codec: JsonLinesCodec, rows: list[Any], where: str
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        codec.decode("\n".join(map(json.dumps, rows)).encode())
    assert [each.pointer for each in caught.value.errors] == [where]


def test_a_prediction_stands_in_a_line_a_row(
    codec: JsonLinesCodec, plain: JsonCodec, trained: Artifact, row: Row
) -> None:
    outputs = np.asarray([trained.manifest.fallback] * 2, dtype=np.float32)
    call, prediction = plain.gather([row] * 2), Prediction(outputs, degraded=False)
    answer = codec.encode(call, prediction, "mine")
    assert answer.endswith(b"}\n")
    expected = json.loads(plain.encode(call, prediction, "mine"))["predictions"]
    assert list(map(json.loads, answer.splitlines())) == expected


def test_what_must_not_be_kept_is_taken_from_each_line(codec: JsonLinesCodec, row: Row) -> None:
    hidden = next(iter(row))
    body = f"{json.dumps(row)}\n\n{json.dumps(row)}".encode()
    kept = codec.redact(body, {hidden})
    assert list(map(json.loads, kept.splitlines())) == [row | {hidden: "[redacted]"}] * 2
