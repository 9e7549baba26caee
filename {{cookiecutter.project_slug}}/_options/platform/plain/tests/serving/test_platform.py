"""This platform asks nothing in a way of its own."""

import pytest
from starlette.testclient import TestClient


@pytest.mark.parametrize(
    ("method", "path"),
    [
        pytest.param("GET", "/ping", id="another-platforms-health"),
        pytest.param("POST", "/invocations", id="another-platforms-predictions"),
    ],
)
def test_what_other_platforms_ask_is_not_there(client: TestClient, method: str, path: str) -> None:
    assert client.request(method, path, content=b"{}").status_code == 404
