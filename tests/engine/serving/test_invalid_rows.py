"""However much is wrong with a body, its first problems are named, and soon."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from modelserve.artifact import Artifact
from modelserve.errors import FieldError, InvalidInputError
from modelserve.serving.codec import JsonCodec
from modelserve.serving.invalid_rows import (
    CSV_MARKS,
    JSON_MARKS,
    check_values,
    most_values,
    parse_rows,
)
from starlette.testclient import TestClient

FAMILIES = ("iris", "sentiment")

Row = dict[str, Any]
MEGABYTE = 1_000_000
# On an idle machine the slowest takes a tenth of it.
CPU_S = 0.25
ANSWER_BYTES = 60_000


@pytest.mark.parametrize(
    ("body", "marks"),
    [
        pytest.param(b"[1,2,3]", JSON_MARKS, id="json"),
        pytest.param(b'["' + b",[{" * 9 + b'"]', JSON_MARKS, id="marks-in-a-text"),
        pytest.param(rb'["\"' + b"," * 9 + rb'\\",1]', JSON_MARKS, id="behind-quotes-in-a-text"),
        pytest.param(b"1,2\n3,4\n", CSV_MARKS, id="csv"),
        pytest.param(b'"' + b",\n" * 9 + b'""' + b"," * 9 + b'",1\n', CSV_MARKS, id="csv-text"),
    ],
)
def test_values_are_counted_outside_of_texts(body: bytes, marks: tuple[bytes, ...]) -> None:
    check_values(body, 4, marks=marks)


@pytest.mark.parametrize(
    ("body", "marks"),
    [
        pytest.param(b"[1,2,3,4,5]", JSON_MARKS, id="numbers"),
        pytest.param(b"[" * 5, JSON_MARKS, id="lists"),
        pytest.param(b'{"a":{"b":{"c":{"d":{}}}}}', JSON_MARKS, id="objects"),
        pytest.param(b'"",' * 20, JSON_MARKS, id="texts"),
        pytest.param(b'"," ' * 20, JSON_MARKS, id="texts-without-anything-between"),
        pytest.param(b'"\\"",1,2,3,4,5', JSON_MARKS, id="behind-a-text"),
        pytest.param(b"\n" * 5, CSV_MARKS, id="lines"),
    ],
)
def test_more_values_than_may_be_are_refused(body: bytes, marks: tuple[bytes, ...]) -> None:
    with pytest.raises(InvalidInputError) as caught:
        check_values(body, 4, marks=marks)
    assert caught.value.errors == (("", "holds more than 4 values"),)


@pytest.mark.parametrize("member", ["instances", "inputs"])
def test_too_many_values_are_told_how_many_rows_there_may_be(member: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        check_values(b"[1,2,3,4,5]", 4, max_rows=2, member=member)
    detail = "holds more than 4 values; should have 1 to 2 rows (MAX_ROWS)"
    assert caught.value.errors == ((f"/{member}", detail),)


def test_a_request_with_as_many_rows_as_may_be_is_not_too_large(trained: Artifact) -> None:
    codec = JsonCodec(trained, max_rows=500)
    body = json.dumps({"instances": [codec.inputs.example()] * 500}).encode()
    assert codec.decode(body).rows == 500
    assert most_values(600, 500) > 500 * 600


class OddNumbers:
    """Inputs of rows that are numbers; odd ones are invalid."""

    features = range(10)

    def parse(self, rows: list[int], *, text: bool) -> list[int]:
        """Return even numbers."""
        del text
        if wrong := [FieldError(f"/{i}/a", "odd") for i, row in enumerate(rows) if row % 2]:
            raise InvalidInputError(wrong)
        return rows


def test_rows_are_numbered_through_and_the_rest_left_out_after_a_hundred_problems() -> None:
    inputs: Any = OddNumbers()
    assert parse_rows(inputs, [0] * 25) == [0] * 25
    with pytest.raises(InvalidInputError) as caught:
        parse_rows(inputs, [0] * 11 + [1] + [0] * 11 + [1])
    assert [each.pointer for each in caught.value.errors] == ["/11/a", "/23/a"]
    assert caught.value.complete
    with pytest.raises(InvalidInputError) as caught:
        parse_rows(inputs, [1] * 1_000)
    assert len(caught.value.errors) == 100
    assert str(caught.value) == "The input has 100 problems or more."


def test_every_invalid_row_is_named_with_what_else_is_wrong(trained: Artifact) -> None:
    codec = JsonCodec(trained, max_rows=4)
    good = codec.inputs.example()
    name = next(iter(good))
    rows = [good, good | {name: []}, good, {}]
    with pytest.raises(InvalidInputError) as caught:
        codec.decode(json.dumps({"instances": rows, "other": 1}).encode())
    pointers = [each.pointer for each in caught.value.errors]
    assert pointers == [
        f"/instances/1/{name}",
        *(f"/instances/3/{each}" for each in good),
        "/other",
    ]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("{row}", id="a-row"),
        pytest.param("[{row}]", id="rows"),
        pytest.param('{"instances": {row}}', id="one-row-for-rows"),
        pytest.param('{"instances": null}', id="null"),
        pytest.param("{}", id="nothing"),
        pytest.param('"bom"', id="text"),
    ],
)
def test_a_body_without_rows_is_told_where_they_belong(trained: Artifact, content: str) -> None:
    codec = JsonCodec(trained, max_rows=4)
    row = codec.inputs.example()
    with pytest.raises(InvalidInputError) as caught:
        codec.decode(content.replace("{row}", json.dumps(row)).encode())
    first, *others = caught.value.errors
    detail = f'should be a list of rows, as in {{"instances": [{{"{next(iter(row))}": …}}]}}'
    assert first == ("/instances", detail)
    assert {each.pointer for each in others} == {f"/{name}" for name in row if content == "{row}"}


@pytest.mark.parametrize("count", [0, 5])
def test_a_body_of_no_row_or_too_many_says_how_many_there_may_be(
    trained: Artifact, count: int
) -> None:
    codec = JsonCodec(trained, max_rows=4)
    with pytest.raises(InvalidInputError) as caught:
        codec.decode(json.dumps({"instances": [{}] * count}).encode())
    assert caught.value.errors == (("/instances", f"{count} rows; should be 1 to 4 (MAX_ROWS)"),)


@pytest.fixture
def long_bodies(trained: Artifact) -> dict[str, tuple[str, str, dict[str, str]]]:
    """Return hostile bodies of up to a megabyte, by what they hold, with their route."""
    codec = JsonCodec(trained, max_rows=256)
    name = json.dumps(next(iter(codec.inputs.example())))
    infer = f"/v2/models/{trained.manifest.name}/infer"
    csv, lines = {"content-type": "text/csv"}, {"content-type": "application/jsonlines"}
    many = ",".join(f'"{i}":1' for i in range(MEGABYTE // 10))
    some = ",".join(f'"{i}":1' for i in range(1_500))
    numbers = ",".join("1" * (MEGABYTE // 2))
    tensor = '{"inputs":[{"name":"features","datatype":"FP32","shape":%s,"data":%s}%s]}'
    bodies: dict[str, tuple[str, str, dict[str, str]]] = {}
    for path, key in (
        ("/predict", "instances"),
        ("/invocations", "instances"),
        ("/feedback", "outcomes"),
    ):
        for what, text in {
            "unknown fields": f'{{"{key}":[{{{many}}}]}}',
            "some unknown fields": f'{{"{key}":[{{{some}}}]}}',
            "unknown fields beside rows": f"{{{many}}}",
            "empty rows": f'{{"{key}":[{",".join(["{}"] * 1_000)}]}}',
            "a few empty rows": f'{{"{key}":[{",".join(["{}"] * 256)}]}}',
            "many empty rows": f'{{"{key}":[{",".join(["{}"] * (MEGABYTE // 3))}]}}',
            "lists": f'{{"{key}":[{",".join(["[]"] * (MEGABYTE // 3))}]}}',
            "texts": f'{{"{key}":[{",".join([chr(34) * 2] * (MEGABYTE // 3))}]}}',
            "depth": f'{{"{key}":{"[" * 180}{numbers}{"]" * 180}}}',
            "more depth": "[" * MEGABYTE,
            "a long number": f'{{"{key}":[{{{name}:{"1" * MEGABYTE}}}]}}',
            "a number of 4,000 digits": f'{{"{key}":[{{{name}:{"1" * 4_000}}}]}}',
            "a large exponent": f'{{"{key}":[{{{name}:1e999999999}}]}}',
            "no number": f'{{"{key}":[{{{name}:NaN}}]}}',
            "a lone surrogate": f'{{"{key}":[{{{name}:"\\ud800"}}]}}',
            "a name twice": f'{{"{key}":1,"{key}":1}}',
            "a long name": f'{{"{key}":[{{"{"k" * MEGABYTE}":1}}]}}',
            "quotes": f'{{"{key}":["' + '\\"' * (MEGABYTE // 2) + '"]}',
        }.items():
            bodies[f"{path}: {what}"] = (path, text, {})
    for what, text in {
        "lines": "1\n" * (MEGABYTE // 2),
        "empty lines": "\n" * MEGABYTE,
        "spaces": " " * MEGABYTE,
        "commas": "," * MEGABYTE,
        "quotes": '"' * MEGABYTE,
        "a long number": "1" * MEGABYTE,
        "objects": "{}\n" * (MEGABYTE // 3),
        "a few objects": "{}\n" * 256,
        "a wide header": ",".join(["k" * 1_000] * 900),
        "unknown fields": f"{{{many}}}\n",
    }.items():
        bodies[f"CSV: {what}"] = ("/invocations", text, csv)
        bodies[f"JSON Lines: {what}"] = ("/invocations", text, lines)
    for what, text in {
        "depth": tensor % ("[1,4]", "[" * 180 + numbers + "]" * 180, ""),
        "less depth": tensor % ("[1,4]", "[" * 180 + numbers[:15_000] + "1" + "]" * 180, ""),
        "a shape of 500 axes": tensor % ("[1000000000]*500", "[1]", ""),
        "a huge axis": tensor % (f"[{'9' * 4_000}]", "[1]", ""),
        "negative axes": tensor % (f"[{'-1,' * 5_000}1]", "[1]", ""),
        "numbers": tensor % ("[1,4]", f"[{numbers}]", ""),
        "missing values": tensor % ("[256,4]", f"[{'null,' * 1_023}null]", ""),
        "long numbers": tensor % ("[1,4]", f"[{','.join(['1' * 4_000] * 4)}]", ""),
        "empty tensors": f'{{"inputs":[{",".join(["{}"] * (MEGABYTE // 3))}]}}',
        "tensors": tensor % ("[1,4]", "[1]", ',{"name":"x","shape":[],"datatype":"x"}' * 5_000),
        "a long name": tensor.replace("features", "n" * MEGABYTE) % ("[1,4]", "[1]", ""),
        "a long datatype": tensor.replace("FP32", "n" * MEGABYTE) % ("[1,4]", "[1]", ""),
    }.items():
        bodies[f"tensors: {what}"] = (infer, text.replace("[1000000000]*500", HUGE_SHAPE), {})
    return bodies


HUGE_SHAPE = str([1_000_000_000] * 500)


def test_hostile_bodies_are_answered_at_once_and_briefly(
    make_client: Callable[..., TestClient], long_bodies: dict[str, tuple[str, str, dict[str, str]]]
) -> None:
    client = make_client(platform="sagemaker")
    client.post("/feedback")  # builds the framework's application
    wrong = {}
    for what, (path, text, headers) in long_bodies.items():
        for _ in range(3):  # the garbage of the tests before may be collected meanwhile
            started = time.process_time()
            response = client.post(path, content=text.encode(), headers=headers)
            if (cpu_s := time.process_time() - started) <= CPU_S:
                break
        long = len(response.content) > ANSWER_BYTES
        if response.status_code >= 500 or long or cpu_s > CPU_S:
            wrong[what] = (response.status_code, len(response.content), round(cpu_s, 3))
    assert wrong == {}


@pytest.mark.parametrize("headers", [{"content-type": "x" * 50_000}, {"accept": "x" * 50_000}])
def test_a_long_header_is_echoed_in_short(
    make_client: Callable[..., TestClient], headers: dict[str, str]
) -> None:
    response = make_client(platform="sagemaker").post("/invocations", headers=headers)
    assert response.status_code in (406, 415)
    assert len(response.content) < 2_000
