"""What clients of the protocol send by their defaults, over HTTP."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from modelserve.serving.app import wrap
from modelserve.serving.components import Components
from modelserve.serving.oip.binary import write_array
from starlette.testclient import TestClient

FAMILIES = ("iris", "diabetes", "sentiment")

Row = dict[str, Any]
Tensors = dict[str, Any]
LENGTH = "Inference-Header-Content-Length"


@pytest.fixture
def components(make_components: Callable[..., Components], tmp_path: Path) -> Components:
    """Return a service that captures what it is asked and answers."""
    return make_components(capture_dir=tmp_path, max_rows=8)


@pytest.fixture
def client(components: Components) -> TestClient:
    """Return a client of the components."""
    return TestClient(wrap(components))


@pytest.fixture
def rows(golden: list[Row]) -> list[Row]:
    """Return some rows."""
    return [case["input"] for case in golden[:3]]


@pytest.fixture
def asked(components: Components, rows: list[Row], tensors: Callable[..., Tensors]) -> Tensors:
    """Return a request for the rows."""
    return tensors(components, rows)


@pytest.fixture
def infer(components: Components) -> str:
    """Return the path of inference."""
    return components.oip.infer_paths()[0]


@pytest.mark.parametrize("path", ["another", "{}/versions/99"])
def test_another_model_is_unknown_to_a_request_in_binary_too(
    client: TestClient, components: Components, asked: Tensors, path: str
) -> None:
    content, headers = to_binary(asked)
    url = f"/v2/models/{path.format(components.manifest.name)}/infer"
    for body in (content, b"{"):
        response = client.post(url, content=body, headers=headers)
        assert response.status_code == 404
        assert response.json()["error"].startswith("There is no ")
    version = "/versions/{version}" if "versions" in path else ""
    assert f'route="/v2/models/{{name}}{version}/infer"' in client.get("/metrics").text


def to_binary(request: Tensors) -> tuple[bytes, dict[str, str]]:
    """Return a request with its tensors in binary, and its headers."""
    inputs, tail = [], b""
    for tensor in request["inputs"]:
        kind = object if tensor["datatype"] == "BYTES" else None
        data = write_array(np.array(tensor["data"], dtype=kind), tensor["datatype"])
        tail += data
        about = {key: value for key, value in tensor.items() if key != "data"}
        inputs.append(about | {"parameters": {"binary_data_size": len(data)}})
    head = json.dumps(request | {"inputs": inputs}).encode()
    return head + tail, {LENGTH: str(len(head))}


def records(components: Components, folder: Path) -> list[Any]:
    """Return both sides of what was captured, parsed."""
    components.log_queue.close()
    return [
        [json.loads(side["data"]) for side in json.loads(line)["captureData"].values()]
        for path in folder.rglob("*.jsonl")
        for line in path.read_bytes().splitlines()
    ]


def test_binary_tensors_get_the_answer_of_those_in_json(
    client: TestClient, infer: str, asked: Tensors
) -> None:
    body, headers = to_binary(asked)
    binary = client.post(infer, content=body, headers=headers).json()
    plain = client.post(infer, json=asked).json()
    assert binary["outputs"] == plain["outputs"]


def test_outputs_are_sent_in_binary_where_that_is_wanted(
    client: TestClient, infer: str, asked: Tensors
) -> None:
    response = client.post(infer, json=asked | {"parameters": {"binary_data_output": True}})
    size = int(response.headers[LENGTH])
    answer, rest = json.loads(response.content[:size]), response.content[size:]
    plain = client.post(infer, json=asked).json()
    assert response.headers["content-type"] == "application/octet-stream"
    for output, expected in zip(answer["outputs"], plain["outputs"], strict=True):
        assert "data" not in output
        length = output["parameters"]["binary_data_size"]
        kind = object if output["datatype"] == "BYTES" else np.float32
        data = np.array(expected["data"], dtype=kind)
        assert rest[:length] == write_array(data, output["datatype"])
        rest = rest[length:]
    assert rest == b""


def test_numbers_that_were_sent_in_binary_are_captured_as_they_were(
    components: Components,
) -> None:
    sent = [1742.81, -0.7266, 0.0, 5.1, 16_777_216.0, -123456.7, 3.4e38]
    names = [tensor.name for tensor in components.codec.inputs.tensors]
    arrays = {name: np.array([sent], dtype=np.float32) for name in names}
    odd = np.array([[1 / 3, 1e-30, np.nan]], dtype=np.float32)

    written = json.loads(components.oip.write_inputs(arrays))["inputs"][0]["data"]
    others = json.loads(components.oip.write_inputs(dict.fromkeys(names, odd)))["inputs"][0]["data"]

    assert written == sent
    assert np.array(others[:2], dtype=np.float32).tolist() == odd[0, :2].tolist()
    assert others[2] is None


def test_what_is_captured_is_json_on_both_sides(
    client: TestClient, components: Components, infer: str, asked: Tensors, tmp_path: Path
) -> None:
    body, headers = to_binary(asked | {"parameters": {"binary_data_output": True}})
    client.post(infer, content=body, headers=headers)
    client.post(infer, json=asked)
    (given, answered), (plain, expected) = records(components, tmp_path)
    for one, other in zip(given["inputs"], plain["inputs"], strict=True):
        assert one["data"] == pytest.approx(other["data"]) or one["data"] == other["data"]
    assert answered["outputs"] == expected["outputs"]


def test_a_tensor_for_each_field_is_captured_and_answered_as_the_models_tensors(
    client: TestClient,
    components: Components,
    infer: str,
    rows: list[Row],
    asked: Tensors,
    tmp_path: Path,
) -> None:
    columns = [
        {
            "name": name,
            "shape": [len(rows), 1],
            "datatype": "BYTES" if isinstance(value, str) else "FP64",
            "data": [row[name] for row in rows],
        }
        for name, value in rows[0].items()
    ]
    by_field = client.post(infer, json={"inputs": columns[::-1]})
    plain = client.post(infer, json=asked)
    assert by_field.status_code == 200, by_field.text
    assert by_field.json()["outputs"] == plain.json()["outputs"]
    (given, _), (expected, _) = records(components, tmp_path)
    assert [each["name"] for each in given["inputs"]] == [
        each["name"] for each in expected["inputs"]
    ]


def test_what_is_wrong_with_a_field_is_named_where_it_stands(
    client: TestClient, components: Components, infer: str, rows: list[Row]
) -> None:
    columns: list[dict[str, Any]] = [
        {"name": each.name, "shape": [1], "datatype": "BYTES" if each.dtype == "text" else "FP64"}
        for each in components.manifest.features
    ]
    for column in columns:
        column["data"] = [rows[0][column["name"]]]
    wrong = [*columns[:-1], columns[-1] | {"data": [None]}]
    error = client.post(infer, json={"inputs": wrong}).json()["error"]
    assert f"/inputs/{len(columns) - 1}/data/0" in error
    if len(columns) > 1:
        error = client.post(infer, json={"inputs": columns[:-1]}).json()["error"]
        assert f"missing: {columns[-1]['name']}" in error


@pytest.mark.parametrize(("extra_fields", "status"), [("refuse", 400), ("ignore", 200)])
def test_a_tensor_of_no_field_is_refused_or_ignored_as_an_extra_field_is(
    make_components: Callable[..., Components],
    rows: list[Row],
    infer: str,
    extra_fields: str,
    status: int,
    tmp_path: Path,
) -> None:
    columns = [
        {
            "name": name,
            "shape": [len(rows)],
            "datatype": "BYTES" if isinstance(value, str) else "FP64",
            "data": [row[name] for row in rows],
        }
        for name, value in rows[0].items()
    ]
    components = make_components(extra_fields=extra_fields, capture_dir=tmp_path)
    client = TestClient(wrap(components))
    extra = {"name": "index", "shape": [len(rows)], "datatype": "INT64", "data": [7, 8, 9]}
    assert client.post(infer, json={"inputs": [extra, *columns]}).status_code == status
    for given, _ in records(components, tmp_path):
        captured = [each["name"] for each in given["inputs"]]
        assert captured == [tensor.name for tensor in components.codec.inputs.tensors]


def test_properties_that_the_protocol_does_not_have_are_ignored(
    client: TestClient, components: Components, infer: str, asked: Tensors
) -> None:
    inputs = [each | {"parameters": None, "odd": [1]} for each in asked["inputs"]]
    more = {"model_name": components.manifest.name, "id": None, "outputs": None, "odd": {}}
    response = client.post(infer, json=more | {"inputs": inputs, "parameters": {"odd": 1}})
    assert response.status_code == 200, response.text


def test_binary_tensors_are_announced(client: TestClient) -> None:
    assert client.get("/v2").json()["extensions"] == ["binary_tensor_data"]


@pytest.mark.parametrize("header", ["", "0", "7", "-1", "1e3", "9" * 5_000])
def test_a_header_that_does_not_fit_the_body_is_a_mistake_of_the_client(
    client: TestClient, infer: str, header: str
) -> None:
    response = client.post(infer, content=b'{"a":1', headers={LENGTH: header})
    assert response.status_code == 400
    assert response.json().keys() == {"error"}


@pytest.mark.parametrize("data", [b"\xff" * 64, b"\0" * 64])
def test_odd_bytes_are_a_mistake_of_the_client_or_values(
    client: TestClient, infer: str, asked: Tensors, data: bytes
) -> None:
    inputs = [
        {key: value for key, value in each.items() if key != "data"}
        | {"parameters": {"binary_data_size": len(data)}}
        for each in asked["inputs"]
    ]
    head = json.dumps({"inputs": inputs}).encode()
    body = head + data * len(inputs)
    response = client.post(infer, content=body, headers={LENGTH: str(len(head))})
    assert response.status_code == 400
