"""Binary tensors, as Triton's clients write them behind the JSON."""

from typing import Any

import numpy as np
import pytest
from modelserve.errors import MalformedError
from modelserve.serving.oip.binary import read_array, split, take, wanted, write_array


def sized(*sizes: Any) -> list[dict[str, Any]]:
    """Return inputs whose arrays have these sizes."""
    return [{} if size is None else {"parameters": {"binary_data_size": size}} for size in sizes]


@pytest.mark.parametrize(
    ("datatype", "values"),
    [
        pytest.param("FP32", [1.5, np.nan, -np.inf], id="fp32"),
        pytest.param("INT64", [-1, 2**62, 0], id="int64"),
        pytest.param("BOOL", [True, False, True], id="bool"),
        pytest.param("BYTES", ["a", "", "é\0€"], id="bytes"),
    ],
)
def test_what_is_written_is_read(datatype: str, values: list[Any]) -> None:
    array = np.array(values, dtype=object if datatype == "BYTES" else None)
    read = read_array(memoryview(write_array(array, datatype)), datatype, 3)
    np.testing.assert_array_equal(read, array)


@pytest.mark.parametrize(
    ("data", "datatype", "count"),
    [
        pytest.param(b"1234567", "FP32", 2, id="cut-off"),
        pytest.param(b"12345678", "FP32", 1, id="too-long"),
        pytest.param(b"\2\0\0\0a", "BYTES", 1, id="text-cut-off"),
        pytest.param(b"\xff\xff\xff\xffa", "BYTES", 1, id="text-of-four-gigabytes"),
        pytest.param(b"\1\0\0", "BYTES", 1, id="size-cut-off"),
        pytest.param(b"\1\0\0\0a\0", "BYTES", 1, id="something-behind"),
        pytest.param(b"\1\0\0\0a", "BYTES", 2, id="too-few-texts"),
        pytest.param(b"\0\0\0\0" * 3, "BYTES", 2, id="too-many-texts"),
    ],
)
def test_data_of_another_number_of_values_are_none(data: bytes, datatype: str, count: int) -> None:
    assert read_array(memoryview(data), datatype, count) is None


def test_a_body_is_split_by_its_header() -> None:
    text, rest = split(b"{}abc", b"2")
    assert (text, bytes(rest)) == (b"{}", b"abc")


@pytest.mark.parametrize("header", [b"", b"0", b"6", b"-1", b"two", b"9" * 5_000, b"\xb2"])
def test_a_header_that_is_no_size_is_refused(header: bytes) -> None:
    with pytest.raises(MalformedError, match="Inference-Header-Content-Length"):
        split(b"{}abc", header)


def test_arrays_follow_in_the_order_of_their_inputs() -> None:
    buffers = take(sized(1, None, 2), memoryview(b"abb"))
    assert [None if each is None else bytes(each) for each in buffers] == [b"a", None, b"bb"]


@pytest.mark.parametrize("size", [4, -1, "3", True, 1.0, 10**400])
def test_a_size_that_is_not_that_of_an_array_is_refused(size: Any) -> None:
    with pytest.raises(MalformedError, match="binary_data_size"):
        take(sized(size), memoryview(b"abc"))


def test_bytes_that_belong_to_no_input_are_refused() -> None:
    with pytest.raises(MalformedError, match="2 bytes follow"):
        take(sized(1), memoryview(b"abc"))


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        pytest.param({}, set(), id="json-by-default"),
        pytest.param({"parameters": {"binary_data_output": True}}, {"a", "b"}, id="all"),
        pytest.param(
            {"outputs": [{"name": "a", "parameters": {"binary_data": True}}, {"name": "b"}]},
            {"a"},
            id="one",
        ),
        pytest.param(
            {
                "parameters": {"binary_data_output": True},
                "outputs": [{"name": "a", "parameters": {"binary_data": False}}, {"name": "b"}],
            },
            {"b"},
            id="all-but-one",
        ),
        pytest.param({"parameters": None, "outputs": None}, set(), id="null"),
        pytest.param({"parameters": {"binary_data_output": "yes"}}, set(), id="no-boolean"),
    ],
)
def test_outputs_are_binary_where_the_request_wants_it(
    request_: dict[str, Any], expected: set[str]
) -> None:
    assert wanted(request_, ["a", "b"]) == expected
