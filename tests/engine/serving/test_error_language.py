"""A service in Portuguese answers wrong requests in Portuguese, and logs them in English."""

import asyncio
import gzip
import json
import logging
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from modelserve.artifact import Artifact
from modelserve.serving.access import make_key
from modelserve.serving.problems import LONGEST
from modelserve.types import Outputs, Tensors
from starlette.testclient import TestClient

from tests.engine.serving.generated import RequestGenerator
from tests.engine.serving.test_generated_requests import answer
from tests.engine.test_catalogue import ENGLISH

FAMILIES = ("iris", "diabetes", "sentiment")
COUNT = 400
QUOTED = re.compile(r"'[^']*'|`[^`]*`")


def texts(content: Any) -> Iterator[str]:
    """Yield the texts of an error's body that are written for a person."""
    if "error" in content:
        yield content["error"]
    else:
        yield content["detail"]
        yield from (each["detail"] for each in content.get("errors", ()))


def assert_translated(answer: Any, english: Any) -> None:
    """Check an error's body beside the one of a service in English."""
    for text, source in zip(texts(answer), texts(english), strict=True):
        assert text != source or not re.search(r"[^\W\d_]{2}", QUOTED.sub("", source)), text
        assert not ENGLISH.search(QUOTED.sub("", text)), text
    for part in ("type", "title", "status"):
        assert answer.get(part) == english.get(part)
    for given, other in zip(answer.get("errors", ()), english.get("errors", ()), strict=True):
        assert given["pointer"][:LONGEST] == other["pointer"][:LONGEST]


@pytest.fixture
def key() -> tuple[str, str]:
    """Return a key, and its line for the file of keys."""
    return make_key("shop")


@pytest.fixture
def both(
    make_client: Callable[..., TestClient], key: tuple[str, str], tmp_path: Path
) -> tuple[TestClient, TestClient]:
    """Return clients of a service in Portuguese and of one in English."""
    path = tmp_path / "keys"
    path.write_text(key[1], encoding="utf-8")
    facts: dict[str, Any] = {"max_body_bytes": 20_000, "max_rows": 3, "platform": "sagemaker"}
    facts |= {"api_keys_file": path, "repository_api": ("shop",)}
    return make_client(locale="pt-BR", **facts), make_client(**facts)


def bad_requests(row: dict[str, Any], model: str, key: str) -> Iterator[tuple[str, str, Any, Any]]:
    """Yield method, path, body and headers of requests of every kind that the service rejects."""
    name = next(iter(row))
    infer, keyed = f"/v2/models/{model}/infer", {"x-api-key": key}
    tensor = {"name": "features", "shape": [1, 1], "datatype": "FP32", "data": [1]}
    instances: list[Any] = [
        *([], [1], [{}], [None], [row | {name: None}], [row | {name: []}], [row] * 4, {"a": 1}),
        *([row | {"beside": 1}], [row | {name: True}], [row | {name: "x" * 9_000}]),
        *([row | {name: 1e300}], [row | {name: ""}], [row | {name: "  "}], [row | {name: 2**30}]),
    ]
    for each in instances:
        yield "POST", "/predict", json.dumps({"instances": each}), keyed
    wrong: list[Any] = [{}, [], 1, {"instances": [row], "explain": 1}, {"instances": [row], "b": 1}]
    for body in (*map(json.dumps, wrong), "", "{", "[1,]", '{"a":1 "b"}', "\x00", "nul", "[" * 400):
        yield "POST", "/predict", body, keyed
    yield "POST", "/predict", "x" * 30_000, keyed
    yield "POST", "/predict", json.dumps({"instances": [[[]] * 6_000]}), keyed
    for packed in (b"x", gzip.compress(b"[]")[:-9], gzip.compress(b"[" * 30_000)):
        yield "POST", "/predict", packed, keyed | {"content-encoding": "gzip"}
    yield "POST", "/predict", "{}", keyed | {"content-encoding": "br"}
    yield "POST", "/predict", "{}", {}
    yield "POST", "/predict", "{}", {"x-api-key": "unknown"}
    csv, lines = keyed | {"content-type": "text/csv"}, {"content-type": "application/jsonlines"}
    for table in (b"", b"a", b'"a', b"1,2,3\n" * 9, b"\xff", b"x\nx\nx"):
        yield "POST", "/invocations", table, csv
    for rows in ("", "{", "{}", "1", "{}\n" * 9):
        yield "POST", "/invocations", rows, keyed | lines
    yield "POST", "/invocations", "{}", keyed | {"content-type": "text/plain"}
    yield "POST", "/invocations", "{}", keyed | {"accept": "image/png"}
    changes: list[Any] = [
        *({}, {"name": "x"}, {"datatype": "X"}, {"shape": [1]}, {"shape": []}, {"shape": [-1]}),
        *({"data": [[[]]]}, {"data": ["a"]}, {"data": [1e300]}, {"shape": [9, 9]}, {"data": 1}),
    ]
    for change in changes:
        yield "POST", infer, json.dumps({"inputs": [tensor | change]}), keyed
    for inputs in ([], [tensor] * 5, [tensor] * 2, 1):
        yield "POST", infer, json.dumps({"inputs": inputs}), keyed
    outputs = {"inputs": [tensor], "outputs": [{"name": "x"}]}
    yield "POST", infer, json.dumps(outputs), keyed
    for size in ("0", "2", "99"):
        length = keyed | {"inference-header-content-length": size}
        yield "POST", infer, '{"inputs": []}', length
    for path in ("/v2/models/other", "/v2/models/other/versions/9", "/v2/nothing", "/nothing"):
        yield "GET", path, "", keyed
    yield "GET", "/predict", "", keyed
    load = f"/v2/repository/models/{model}/load"
    for body in ("{", "[]", '{"parameters": {"config": "{}"}}'):
        yield "POST", load, body, keyed
    yield "POST", load.replace(model, "other"), "", keyed
    yield "POST", load.replace("load", "unload"), "", keyed
    outcomes: list[Any] = [
        *([], [{}], [{"inference_id": ""}], [{"inference_id": "a" * 99, "label": "none"}], 1),
        *([{"inference_id": "a", "row": -1}], [{"inference_id": "a", "row": 1.5, "value": "x"}]),
    ]
    for outcome in outcomes:
        yield "POST", "/feedback", json.dumps({"outcomes": outcome}), keyed
    yield "POST", "/feedback", "{", keyed


def test_no_answer_to_a_bad_request_is_in_english(
    both: tuple[TestClient, TestClient], row: dict[str, Any], trained: Artifact, key: Any
) -> None:
    rejected = 0
    for method, path, body, headers in bad_requests(row, trained.manifest.name, key[0]):
        given, other = (
            client.request(method, path, content=body, headers=headers) for client in both
        )
        assert given.status_code == other.status_code
        if given.status_code >= 400:
            assert given.headers["content-language"] == "pt-BR"
            assert "content-language" not in other.headers
            assert_translated(given.json(), other.json())
            rejected += 1
    assert rejected > 60


@pytest.mark.slow
def test_no_answer_to_a_generated_request_is_in_english(
    make_client: Any, trained: Artifact
) -> None:
    apps = [make_client(platform="sagemaker", **facts).app for facts in ({"locale": "pt-BR"}, {})]
    for request in RequestGenerator(trained, seed=7).requests(COUNT):
        (status, body), (_, other) = (asyncio.run(answer(app, request)) for app in apps)
        if status >= 400 and request.method != "HEAD":
            assert_translated(json.loads(body), json.loads(other))


class Invalid:
    """A model whose outputs are not finite.

    Args:
        width: number of outputs a row.
    """

    def __init__(self, width: int) -> None:
        self._width = width

    def run(self, tensors: Tensors) -> Outputs:
        """Answer what no fallback would."""
        rows = len(next(iter(tensors.values())))
        return np.full((rows, self._width), np.nan, dtype=np.float32)


def test_warnings_are_in_portuguese_and_the_log_is_in_english(
    make_components: Any, trained: Artifact, body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    model = Invalid(len(trained.manifest.fallback))
    components = make_components(model=model, locale="pt-BR")
    with caplog.at_level(logging.ERROR):
        given = components.codec.decode(body)
        prediction = components.predictor.predict(given)
    (first, *_) = json.loads(components.codec.encode(given, prediction, "1" * 32))["warnings"]
    tensors = json.loads(components.oip.encode(given, prediction, "1" * 32))
    assert first["detail"] == "o fallback respondeu: a resposta do modelo não é finita"
    assert tensors["parameters"]["warnings"] == [f"/0: {first['detail']}"]
    assert {vars(each)["reason"] for each in caplog.records} == {"the model's answer is not finite"}
