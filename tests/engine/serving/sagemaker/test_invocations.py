"""SageMaker's contract: what it sends to a container, and what it expects back."""

import asyncio
import csv
import io
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest
from modelserve.artifact import Artifact
from modelserve.errors import FieldError
from modelserve.serving.app import wrap
from modelserve.serving.sagemaker.invocations import Invocations
from modelserve.types import ModelInput
from starlette.testclient import TestClient

FAMILIES = ("iris", "diabetes", "sentiment")
JSON, CSV, LINES = "application/json", "text/csv", "application/jsonlines"
TYPES = (JSON, CSV, LINES)
ID = "X-Amzn-SageMaker-Inference-Id"
ATTRIBUTES = "x-amzn-sagemaker-custom-attributes"
Row = dict[str, Any]
Ask = Callable[..., Awaitable[Any]]
MakeComponents = Callable[..., Any]


class Broken:
    """A model that fails."""

    def run(self, tensors: Any) -> Any:
        """Fail."""
        raise RuntimeError("no answer")


def write(content_type: str, rows: list[Row]) -> bytes:
    """Return a body that holds rows."""
    if content_type == CSV:
        text = io.StringIO(newline="")
        csv.writer(text).writerows(row.values() for row in rows)
        return text.getvalue().encode()
    if content_type == LINES:
        return "".join(f"{json.dumps(row)}\n" for row in rows).encode()
    return json.dumps({"instances": rows}).encode()


def flat(prediction: Mapping[str, Any]) -> list[str]:
    """Return a prediction's values as CSV spells them."""
    values: list[Any] = []
    for value in prediction.values():
        values += value.values() if isinstance(value, dict) else [value]
    return list(map(str, values))


def read(content_type: str, body: bytes) -> list[list[str]]:
    """Return the predictions of an answer, as CSV spells them."""
    if content_type == CSV:
        return list(csv.reader(io.StringIO(body.decode(), newline="")))
    if content_type == LINES:
        return [flat(json.loads(line)) for line in body.splitlines()]
    return [flat(each) for each in json.loads(body)["predictions"]]


def told(response: Any) -> dict[str, str]:
    """Return the answer's custom attributes."""
    parts = response.headers[ATTRIBUTES].split(";")
    return dict(part.split("=", 1) for part in parts)


@pytest.fixture
def rows(golden: list[Row]) -> list[Row]:
    """Return the golden cases' rows."""
    return [case["input"] for case in golden]


@pytest.mark.parametrize("answered", TYPES)
@pytest.mark.parametrize("asked", TYPES)
def test_every_type_is_answered_in_every_type_as_predict_answers(
    client: TestClient, rows: list[Row], asked: str, answered: str
) -> None:
    headers = {"content-type": asked, "accept": answered}
    response = client.post("/invocations", content=write(asked, rows), headers=headers)
    plain = client.post("/predict", json={"instances": rows}).json()["predictions"]
    assert response.status_code == 200
    assert response.headers["content-type"] == answered
    assert read(answered, response.content) == list(map(flat, plain))


def test_json_is_what_an_endpoint_is_asked_and_answers_unless_it_is_reported(
    make_components: MakeComponents, ask: Ask, body: bytes
) -> None:
    reply = asyncio.run(ask(wrap(make_components()), "POST", "/invocations", body))
    assert (reply.status, reply.headers["content-type"]) == (200, JSON)
    assert reply.json()["inference_id"] == told(reply)["inference_id"]


def test_a_text_in_csv_is_read_to_its_last_character(client: TestClient, row: Row) -> None:
    odd = {
        name: f'{value}, "so"\nthey say' if isinstance(value, str) else value
        for name, value in row.items()
    }
    headers = {"content-type": CSV}
    response = client.post("/invocations", content=write(CSV, [odd, row]), headers=headers)
    plain = client.post("/predict", json={"instances": [odd, row]})
    assert response.json()["predictions"] == plain.json()["predictions"]


@pytest.mark.parametrize("answered", TYPES)
def test_an_answer_says_what_csv_has_no_place_for(
    client: TestClient, trained: Artifact, row: Row, answered: str
) -> None:
    headers = {"accept": answered, ID: "order-7.1"}
    response = client.post("/invocations", json={"instances": [row]}, headers=headers)
    assert told(response) == {
        "model_version": trained.manifest.version,
        "inference_id": "order-7.1",
        "degraded": "false",
    }


def test_custom_attributes_stay_what_a_header_may_hold(
    make_components: MakeComponents, ask: Ask, body: bytes, trained: Artifact
) -> None:
    components = make_components()
    version = "é 1;\n" + "x" * 2_000
    manifest = trained.manifest.model_copy(update={"version": version})
    object.__setattr__(components, "manifest", manifest)
    headers = {ID: "i" * 64}
    reply = asyncio.run(ask(wrap(components), "POST", "/invocations", body, headers=headers))
    attributes = reply.headers[ATTRIBUTES]
    assert len(attributes) <= 1_024
    assert all("!" <= character <= "~" for character in attributes)
    assert told(reply)["model_version"].startswith("__1__xxx")


def test_a_text_that_is_too_long_for_the_model_is_reported_by_a_count(
    client: TestClient, row: Row
) -> None:
    long = {
        name: " ".join([value] * 200) if isinstance(value, str) else value
        for name, value in row.items()
    }
    headers = {"accept": CSV}
    response = client.post("/invocations", json={"instances": [long, row]}, headers=headers)
    plain = client.post("/predict", json={"instances": [long, row]}).json()
    expected = str(len(plain["warnings"])) if "warnings" in plain else None
    assert told(response).get("warnings") == expected


def test_warnings_are_counted_where_there_are_any(
    make_components: MakeComponents, make_context: Callable[..., Any]
) -> None:
    call = ModelInput({}, 2, warnings=[FieldError("/0/note", "cut"), FieldError("/1/note", "cut")])
    choice = Invocations(make_components())
    (_, (name, value)) = choice.head(make_context(given=call))
    assert name == ATTRIBUTES.encode()
    assert value.endswith(b";degraded=false;warnings=2")


@pytest.mark.parametrize("answered", TYPES)
def test_the_prior_answers_in_every_type_and_is_called_so(
    make_components: MakeComponents, row: Row, answered: str
) -> None:
    client = TestClient(wrap(make_components(Broken())))
    response = client.post("/invocations", json={"instances": [row]}, headers={"accept": answered})
    assert response.status_code == 200
    assert told(response)["degraded"] == "true"
    assert len(read(answered, response.content)) == 1


@pytest.mark.parametrize("given", ["a b", '"},{"', "x" * 65, ""])
def test_an_odd_name_of_the_caller_is_replaced(client: TestClient, row: Row, given: str) -> None:
    response = client.post("/invocations", json={"instances": [row]}, headers={ID: given})
    assert response.json()["inference_id"] == told(response)["inference_id"]
    assert len(response.json()["inference_id"]) == 32


@pytest.mark.parametrize("asked", TYPES)
def test_feedback_finds_an_answer_by_the_callers_own_name(
    client: TestClient, row: Row, truth: Row, asked: str
) -> None:
    headers = {"content-type": asked, ID: f"order-{len(asked)}"}
    client.post("/invocations", content=write(asked, [row, row]), headers=headers)
    client.get("/metrics")
    outcome = {"inference_id": headers[ID], "row": 1} | truth
    response = client.post("/feedback", json={"outcomes": [outcome]})
    assert response.json()["counted"] == 1


def test_requests_are_counted_under_their_route_from_the_start(
    client: TestClient, row: Row, figures: Callable[[str], Any]
) -> None:
    def count(name: str, **labels: str) -> Any:
        return figures(client.get("/metrics").text)(name, **labels)

    duration = {"method": "POST", "route": "/invocations"}
    assert count("http_request_duration_seconds_count", **duration) == [0]
    client.get("/ping")
    client.post("/invocations", json={"instances": [row] * 2})
    client.post("/invocations", content=b"", headers={"content-type": "text/plain"})
    assert count("http_request_duration_seconds_count", **duration) == [2]
    assert count("http_requests_total", route="/invocations", status="415") == [1]
    assert count("http_requests_total", route="/ping", status="200") == [1]
    assert count("model_rows_total") == [2]


def test_a_ping_is_answered_without_the_framework(
    make_components: MakeComponents, ask: Ask
) -> None:
    app = wrap(make_components())
    reply = asyncio.run(ask(app, "GET", "/ping"))
    lazy: Any = vars(app.app)["_app"]
    assert (reply.status, reply.body) == (200, b"")
    assert not vars(lazy)["_app"], "the framework was made for it"
    assert asyncio.run(ask(app, "GET", "/model")).status == 200
    assert vars(lazy)["_app"]


def test_a_ping_is_only_asked_for(client: TestClient) -> None:
    assert client.head("/ping").status_code == 200
    assert client.post("/ping").status_code == 405


def test_its_routes_are_documented_with_every_type_that_they_read_and_write(
    client: TestClient,
) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    assert paths["/ping"]["get"]["responses"]["200"].get("content") is None
    invoke = paths["/invocations"]["post"]
    assert invoke["requestBody"]["content"].keys() == set(TYPES)
    assert invoke["responses"]["200"]["content"].keys() == set(TYPES)
    assert {"406", "415", "422"} <= invoke["responses"].keys()
