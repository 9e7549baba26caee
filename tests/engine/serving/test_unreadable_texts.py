"""A text that the tokenizer cannot read is refused, and no text beside it."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from modelserve.serving.app import wrap
from modelserve.serving.components import Components
from modelserve.tokens import Encoder

from tests.engine.serving.conftest import Ask, MakeComponents

FAMILIES = ("sentiment",)
PATH = "/v2/models/sentiment-model/infer"
UNKNOWN = "holds characters that the model's tokenizer cannot read"
EMPTY = "should hold something that can be read"
Make = Callable[..., Components]


@pytest.fixture
def make(make_components: MakeComponents, strict_tokenizer: bytes) -> Make:
    """Return a way to components with a tokenizer that cannot read every text."""

    def run(**settings: Any) -> Components:
        components = make_components(**settings)
        components.codec.inputs._encoder = Encoder(strict_tokenizer)  # type: ignore[attr-defined]
        return components

    return run


def rows(*texts: str) -> bytes:
    """Return the body of a request."""
    return json.dumps({"instances": [{"text": text} for text in texts]}).encode()


def tensor(*texts: str) -> bytes:
    """Return the same in the Open Inference Protocol, beside a tensor that is ignored."""
    data = {"shape": [len(texts)], "datatype": "BYTES", "data": texts}
    return json.dumps({"inputs": [{"name": "other"} | data, {"name": "text"} | data]}).encode()


@pytest.mark.parametrize("execution", ["inline", "threads"])
@pytest.mark.parametrize("beside", [["good"], []], ids=["beside another", "alone"])
@pytest.mark.parametrize(
    ("text", "detail"),
    [
        pytest.param("good \N{GRINNING FACE}", UNKNOWN, id="no token"),
        pytest.param("\u0301", EMPTY, id="accent"),
        pytest.param("\ufffd", EMPTY, id="replacement character"),
    ],
)
def test_a_text_that_cannot_be_read_is_refused_by_its_place(
    make: Make, ask: Ask, execution: str, beside: list[str], text: str, detail: str
) -> None:
    app = wrap(make(execution=execution, threads=1, extra_fields="ignore"))
    response = asyncio.run(ask(app, "POST", "/predict", rows(*beside, text)))
    assert response.status == 422
    place = {"pointer": f"/instances/{len(beside)}/text", "detail": detail}
    assert response.json()["errors"] == [place]
    response = asyncio.run(ask(app, "POST", PATH, tensor(*beside, text)))
    assert response.status == 400
    assert f"/inputs/1/data/{len(beside)}: {detail}" in response.json()["error"]


def test_of_joined_requests_only_the_one_that_cannot_be_read_is_refused(
    make: Make, ask: Ask
) -> None:
    components = make(execution="threads", threads=1, batching="on")
    app = wrap(components)
    bodies = [rows(*texts) for texts in (["good"], ["\u0301"], ["good", "good"], ["x"], ["good"])]

    async def run() -> list[Any]:
        return await asyncio.gather(*(ask(app, "POST", "/predict", each) for each in bodies))

    answers = asyncio.run(run())
    assert [each.status for each in answers] == [200, 422, 200, 422, 200]
    assert [len(each.json()["predictions"]) for each in answers[::2]] == [1, 2, 1]
