"""What must not be kept is in no capture, in whichever way it was asked."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from modelserve import Project
from modelserve.errors import ConfigurationError
from modelserve.serving.app import assemble, wrap
from modelserve.serving.capture import REDACTED, redact

FAMILIES = ("iris", "sentiment")

SECRET = {str: "Grünwald 4711 “sees” a doctor", float: 4.7114711, int: 4_711}
Row = dict[str, Any]


@pytest.fixture
def field(row: Row) -> str:
    """Return the name of a field."""
    return next(iter(row))


@pytest.fixture
def secret(row: Row, field: str) -> Any:
    """Return a value of that field which is nowhere else."""
    return SECRET[type(row[field])]


@pytest.fixture
def captured(
    make_components: Callable[..., Any], ask: Callable[..., Awaitable[Any]], tmp_path: Path
) -> Callable[..., bytes]:
    """Return a way to what a service captures of a request, all files in one."""

    def post(path: str, body: Any, **settings: Any) -> bytes:
        components = make_components(capture_dir=tmp_path, **settings)
        content = json.dumps(body, ensure_ascii=False).encode()
        named = path.format(model=components.manifest.name)
        reply = asyncio.run(ask(wrap(components), "POST", named, content))
        assert reply.status == 200
        components.log_queue.close()
        return b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())

    return post


def spellings(secret: Any) -> list[bytes]:
    """Return how a value may stand in a file: as it is, within text, or as a float32."""
    if not isinstance(secret, str):
        return [str(secret)[:6].encode()]
    plain, escaped = (json.dumps(secret, ensure_ascii=each).strip('"') for each in (False, True))
    twice = json.dumps(escaped).strip('"')
    return [b"4711", *(each.encode() for each in (secret, plain, escaped, twice))]


def test_what_is_not_redacted_is_found(
    captured: Callable[..., bytes], row: Row, field: str, secret: Any
) -> None:
    actual = captured("/predict", {"instances": [row | {field: secret}]})
    assert spellings(secret)[0] in actual


def test_no_trace_of_a_redacted_value_is_left(
    captured: Callable[..., bytes], row: Row, field: str, secret: Any
) -> None:
    asked = {"instances": [row, row | {field: secret}], "parameters": {"same": secret}}
    actual = captured("/predict", asked, capture_redact=(field,))
    (record,) = map(json.loads, actual.splitlines())
    kept = json.loads(record["captureData"]["endpointInput"]["data"])
    assert kept == {"instances": [row | {field: REDACTED}] * 2}
    assert json.loads(record["captureData"]["endpointOutput"]["data"])["predictions"]
    assert not [each for each in spellings(secret) if each in actual]


def test_of_tensors_the_values_of_other_fields_are_left(
    captured: Callable[..., bytes],
    tensors: Callable[[Row], dict[str, Any]],
    row: Row,
    field: str,
    secret: Any,
) -> None:
    asked = tensors(row | {field: secret})
    for each in asked["inputs"]:
        each["parameters"] = {"same": secret}
    asked["parameters"] = {"same": secret}
    text = captured("/v2/models/{model}/infer", asked, capture_redact=(field,))
    (record,) = map(json.loads, text.splitlines())
    kept = json.loads(record["captureData"]["endpointInput"]["data"])
    assert kept == {
        "inputs": [
            {name: each[name] for name in ("name", "shape", "datatype")}
            | {
                "data": [
                    REDACTED if value == pytest.approx(secret) else value for value in each["data"]
                ]
            }
            for each in asked["inputs"]
        ]
    }
    assert not [each for each in spellings(secret) if each in text]


def test_of_nested_tensors_no_value_is_left(
    captured: Callable[..., bytes],
    tensors: Callable[[Row], dict[str, Any]],
    row: Row,
    field: str,
    secret: Any,
) -> None:
    asked = tensors(row | {field: secret})
    for each in asked["inputs"]:
        each["data"] = [each["data"]] if len(each["shape"]) > 1 else each["data"]
    text = captured("/v2/models/{model}/infer", asked, capture_redact=(field,))
    assert not [each for each in spellings(secret) if each in text]


def test_a_name_that_is_no_field_is_refused(
    project: Project, make_settings: Callable[..., Any], field: str
) -> None:
    settings = make_settings(capture_redact=(field, "Field", "other"))
    with pytest.raises(ConfigurationError, match=rf"names Field, other; .* are {field}\b"):
        assemble(project.service_class(settings))


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param([{"a": 1, "b": 2}], [{"a": REDACTED, "b": 2}], id="there"),
        pytest.param([{"b": 2}], [{"b": 2}], id="left-out"),
        pytest.param([{"a": None}, {"a": 3}], [{"a": REDACTED}] * 2, id="missing"),
    ],
)
def test_each_row_is_redacted(rows: list[Row], expected: list[Row]) -> None:
    assert redact({"instances": rows}, {"a"}) == {"instances": expected}
