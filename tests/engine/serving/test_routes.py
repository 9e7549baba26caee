"""The routes by which a platform and a person look at the service."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

FAMILIES = ("iris", "diabetes", "sentiment")

MakeClient = Callable[..., TestClient]


def resolve(schema: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """Return what a reference of an OpenAPI document stands for."""
    while "$ref" in node:
        node = schema["components"]["schemas"][node["$ref"].rpartition("/")[2]]
    return node


def test_health_tells_which_model_is_served(client: TestClient, trained: Any) -> None:
    assert client.get("/health/live").json() == {"status": "live"}
    assert client.get("/health/ready").json() == {
        "status": "ready",
        "model_name": trained.manifest.name,
        "model_version": trained.manifest.version,
        "degraded": False,
    }


@pytest.mark.parametrize("path", ["/openapi.json", "/model", "/"])
def test_each_allowed_method_is_named_once(client: TestClient, path: str) -> None:
    response = client.post(path)
    assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD")


def test_the_route_of_readiness_can_be_set(make_client: MakeClient) -> None:
    client = make_client(health_route="/healthz")
    assert client.get("/healthz").json()["status"] == "ready"


def test_the_manifest_is_served_as_it_is(client: TestClient, trained: Any) -> None:
    assert client.get("/model").json() == trained.manifest.model_dump(mode="json")


def test_the_documentation_has_the_types_of_a_prediction(
    client: TestClient, row: dict[str, Any]
) -> None:
    schema = client.get("/openapi.json").json()
    operation = schema["paths"]["/predict"]["post"]
    content = operation["requestBody"]["content"]["application/json"]["schema"]
    instances = resolve(schema, content)["properties"]["instances"]
    fields = resolve(schema, instances["items"])
    answer = operation["responses"]["200"]["content"]["application/json"]["schema"]
    properties = resolve(schema, answer)["properties"]
    assert (instances["minItems"], instances["maxItems"]) == (1, 256)
    assert fields["properties"].keys() == row.keys()
    assert set(fields["required"]) == row.keys()
    assert fields["additionalProperties"] is False
    assert properties.keys() == {
        "predictions",
        "model_name",
        "model_version",
        "inference_id",
        "degraded",
        "warnings",
    }
    assert "warnings" not in resolve(schema, answer)["required"]
    assert resolve(schema, properties["predictions"]["items"])["properties"]


def test_the_documentation_lists_every_way_to_fail(client: TestClient) -> None:
    schema = client.get("/openapi.json").json()
    responses = schema["paths"]["/predict"]["post"]["responses"]
    assert responses.keys() >= {"400", "408", "413", "415", "422", "500", "503", "504"}
    for status in responses.keys() - {"200"}:
        content = responses[status]["content"]
        problem = resolve(schema, content["application/problem+json"]["schema"])
        assert problem["properties"].keys() >= {"type", "title", "status", "detail", "request_id"}


def test_no_error_is_documented_as_something_else_than_a_problem(make_client: MakeClient) -> None:
    for changes in ({}, {"platform": "sagemaker"}):
        document = make_client(**changes).get("/openapi.json")
        assert "HTTPValidationError" not in document.text
        for path, operations in document.json()["paths"].items():
            for operation in operations.values():
                for status, response in operation["responses"].items():
                    if status >= "4" and not path.startswith("/v2"):
                        assert response["content"].keys() == {"application/problem+json"}


def test_a_status_is_documented_as_it_is_answered(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    for path in ("/health/live", "/health/ready"):
        (schema,) = document["paths"][path]["get"]["responses"]["200"]["content"].values()
        described = resolve(document, schema["schema"])["properties"]
        assert described.keys() == client.get(path).json().keys()
    documented = document["paths"]["/metrics"]["get"]["responses"]["200"]["content"]
    (kind,) = documented
    assert client.get("/metrics").headers["content-type"].startswith(f"{kind};")


def test_the_documentation_follows_the_browsers_colours(client: TestClient) -> None:
    page = client.get("/docs").text
    assert "prefers-color-scheme: dark" in page
    assert "dark-mode" in client.get("/static-offline-docs/swagger-ui.css").text


def test_the_documentations_example_can_be_sent(client: TestClient) -> None:
    operation = client.get("/openapi.json").json()["paths"]["/predict"]["post"]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    assert client.post("/predict", json=schema["examples"][0]).status_code == 200


def test_the_documentation_needs_nothing_from_elsewhere(client: TestClient) -> None:
    page = client.get("/docs").text
    assets = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(assets) >= 2
    assert not re.findall(r"https?://|[\"']//", page)
    for path in assets:
        assert client.get(f"/{path}").status_code == 200


@pytest.mark.parametrize("path", ["/", "/docs", "/openapi.json"])
def test_documentation_can_be_switched_off(make_client: MakeClient, path: str) -> None:
    assert make_client(docs=True).get(path).status_code == 200
    assert make_client(docs=False).get(path).status_code == 404


@pytest.mark.parametrize(("method", "path"), [("GET", "/ping"), ("POST", "/invocations")])
def test_sagemakers_routes_are_there_only_where_the_platform_is_sagemaker(
    make_client: MakeClient, row: dict[str, Any], method: str, path: str
) -> None:
    body = {"instances": [row]} if method == "POST" else None
    assert make_client().request(method, path, json=body).status_code == 404
    assert make_client(platform="sagemaker").request(method, path, json=body).status_code == 200
