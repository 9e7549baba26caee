"""The Open Inference Protocol over HTTP: every route, and its own form of error."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from modelserve.serving.app import wrap
from modelserve.serving.components import Components
from starlette.testclient import TestClient

FAMILIES = ("iris", "diabetes", "sentiment")

MakeComponents = Callable[..., Components]
Row = dict[str, Any]
ToTensors = Callable[..., dict[str, Any]]


class Failing:
    """A model that never answers."""

    def run(self, tensors: Any) -> Any:
        """Fail."""
        raise ValueError(f"{len(tensors)} inputs are too many")


@pytest.fixture
def components(make_components: MakeComponents) -> Components:
    """Return a service for at most four rows."""
    return make_components(max_rows=4)


@pytest.fixture
def client(components: Components) -> TestClient:
    """Return a client of the components."""
    return TestClient(wrap(components))


@pytest.fixture
def model(trained: Any) -> str:
    """Return the path of the model that is served."""
    return f"/v2/models/{trained.manifest.name}"


def test_the_server_and_the_model_are_ready(client: TestClient, model: str, trained: Any) -> None:
    version = f"{model}/versions/{trained.manifest.version}"
    assert client.get("/v2").json()["name"] == trained.manifest.name
    assert client.get("/v2/health/live").json() == {"live": True}
    assert client.get("/v2/health/ready").json() == {"ready": True}
    for path in (model, version):
        answer = client.get(f"{path}/ready").json()
        assert answer == {"name": trained.manifest.name, "ready": True}


def test_every_part_of_a_path_is_a_text_in_the_documentation(client: TestClient) -> None:
    """Generators of clients leave out a route of which a part may be missing."""
    paths = client.get("/openapi.json").json()["paths"]
    parts = [
        part["schema"]["type"]
        for path in paths.values()
        for route in path.values()
        for part in route.get("parameters", ())
        if part["in"] == "path"
    ]
    assert len(parts) > 6
    assert set(parts) == {"string"}


def test_the_metadata_describes_what_infer_takes_and_gives(
    client: TestClient, components: Components, model: str, row: Row, tensors: ToTensors
) -> None:
    metadata = client.get(model).json()
    versioned = client.get(f"{model}/versions/{components.manifest.version}").json()
    answer = client.post(f"{model}/infer", json=tensors(components, [row])).json()
    assert metadata == versioned
    assert metadata["versions"] == [components.manifest.version]
    for described, given in zip(metadata["outputs"], answer["outputs"], strict=True):
        assert described["name"] == given["name"]
        assert described["datatype"] == given["datatype"]
        assert len(described["shape"]) == len(given["shape"])


def test_golden_rows_get_their_golden_answers(
    client: TestClient, components: Components, model: str, golden: list[Row], tensors: ToTensors
) -> None:
    rows = [case["input"] for case in golden[:4]]
    for path in (model, f"{model}/versions/{components.manifest.version}"):
        answer = client.post(f"{path}/infer", json=tensors(components, rows)).json()
        data = next(each["data"] for each in answer["outputs"] if each["datatype"] == "FP32")
        expected = np.ravel([case["output"] for case in golden[:4]])
        np.testing.assert_allclose(data, expected, rtol=1e-5, atol=1e-5)
        assert answer["model_version"] == components.manifest.version
        assert answer["parameters"]["degraded"] is False


@pytest.mark.parametrize("path", ["another", "another/ready", "another/infer"])
def test_another_model_is_not_found(
    client: TestClient, components: Components, path: str, row: Row, tensors: ToTensors
) -> None:
    method = "POST" if path.endswith("infer") else "GET"
    response = client.request(method, f"/v2/models/{path}", json=tensors(components, [row]))
    assert response.status_code == 404
    assert components.manifest.name in response.json()["error"]


@pytest.mark.parametrize("path", ["", "/ready", "/infer"])
def test_another_version_is_not_found(
    client: TestClient, components: Components, path: str, row: Row, tensors: ToTensors
) -> None:
    method = "POST" if path.endswith("infer") else "GET"
    version = f"/v2/models/{components.manifest.name}/versions/0"
    response = client.request(method, f"{version}{path}", json=tensors(components, [row]))
    assert response.status_code == 404
    assert "version 0" in response.json()["error"]


def test_an_error_has_the_protocols_form_and_names_all_that_is_wrong(
    client: TestClient, components: Components, model: str, row: Row, tensors: ToTensors
) -> None:
    wrong = tensors(components, [row])
    wrong["inputs"][0] |= {"datatype": "FP8", "shape": [1, 2, 3]}
    response = client.post(f"{model}/infer", json=wrong, headers={"x-request-id": "mine"})
    assert response.status_code == 400
    assert response.json().keys() == {"error"}
    for part in ("/inputs/0/datatype", "/inputs/0/shape", "/inputs/0/data", "(request mine)"):
        assert part in response.json()["error"]


def test_a_model_that_fails_is_reported_in_the_protocols_form(
    make_components: MakeComponents, model: str, row: Row, tensors: ToTensors
) -> None:
    components = make_components(Failing(), degraded_answers=False)
    response = TestClient(wrap(components)).post(f"{model}/infer", json=tensors(components, [row]))
    assert response.status_code == 500
    assert "The model failed on this input." in response.json()["error"]


def test_a_degraded_answer_says_so(
    make_components: MakeComponents, model: str, row: Row, tensors: ToTensors
) -> None:
    components = make_components(Failing())
    response = TestClient(wrap(components)).post(f"{model}/infer", json=tensors(components, [row]))
    assert response.status_code == 200
    assert response.json()["parameters"]["degraded"] is True


def test_the_documentation_has_the_protocols_own_errors(client: TestClient) -> None:
    schema = client.get("/openapi.json").json()
    routes = {path: each for path, each in schema["paths"].items() if path.startswith("/v2")}
    for methods in routes.values():
        for operation in methods.values():
            assert operation["responses"].keys() == {"200", "4XX", "5XX"}
    assert schema["components"]["schemas"]["InferError"]["required"] == ["error"]
    assert len(routes) == 9
