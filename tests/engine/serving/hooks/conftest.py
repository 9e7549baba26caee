"""Every request format: how rows are sent, and how predictions are read from its response."""

import csv
import io
import json
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from modelserve import Project, Service
from starlette.testclient import TestClient

Row = dict[str, Any]
FORMATS = ("json", "oip", "csv", "json-lines")


class Format(NamedTuple):
    """One request format.

    Args:
        name: one of FORMATS.
        post: sends rows, and returns the response.
        read: returns a response's predictions, each as a flat list of texts.
    """

    name: str
    post: Callable[[TestClient, list[Row]], Any]
    read: Callable[[Any], list[list[str]]]


def flat(prediction: Any) -> list[str]:
    """Return a prediction's values as texts."""
    values: list[Any] = []
    for value in prediction.values():
        values += value.values() if isinstance(value, dict) else [value]
    return list(map(str, values))


def read_tensors(response: Any) -> list[list[str]]:
    """Return the predictions of an Open Inference Protocol response."""
    columns = []
    for tensor in response.json()["outputs"]:
        width = tensor["shape"][1] if len(tensor["shape"]) == 2 else 1
        data = tensor["data"]
        columns.append([data[i : i + width] for i in range(0, len(data), width)])
    rows = zip(*columns, strict=True)
    return [[str(value) for part in row for value in part] for row in rows]


def spell(rows: list[Row]) -> bytes:
    """Return rows as CSV."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows(row.values() for row in rows)
    return text.getvalue().encode()


@pytest.fixture(params=FORMATS)
def format_(request: pytest.FixtureRequest, tensors: Any) -> Format:
    """Return each request format in turn."""

    def post_tensors(client: Any, rows: list[Row]) -> Any:
        components = client.app.components
        path, _ = components.oip.infer_paths()
        return client.post(path, json=tensors(components, rows))

    def post_as(kind: str, write: Callable[[list[Row]], bytes]) -> Any:
        headers = {"content-type": kind, "accept": kind}
        return lambda client, rows: client.post(
            "/invocations", content=write(rows), headers=headers
        )

    lines = post_as("application/jsonlines", lambda rows: "\n".join(map(json.dumps, rows)).encode())
    known = {
        "json": Format(
            "json",
            lambda client, rows: client.post("/predict", json={"instances": rows}),
            lambda response: [flat(each) for each in response.json()["predictions"]],
        ),
        "oip": Format("oip", post_tensors, read_tensors),
        "csv": Format(
            "csv",
            post_as("text/csv", spell),
            lambda response: list(csv.reader(response.text.splitlines())),
        ),
        "json-lines": Format(
            "json-lines",
            lines,
            lambda response: [flat(json.loads(line)) for line in response.text.splitlines()],
        ),
    }
    return known[request.param]


@pytest.fixture
def serve(project: Project, make_client: Callable[..., TestClient]) -> Callable[..., TestClient]:
    """Return a function that serves the project with some hooks overridden."""

    def make(settings: dict[str, Any] | None = None, **hooks: Any) -> TestClient:
        service_class: type[Service] = type("Service", (project.service_class,), hooks)
        return make_client(service_class, platform="sagemaker", **(settings or {}))

    return make
