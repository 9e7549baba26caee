"""A service with a challenger: clients see nothing of it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from modelserve import Project
from modelserve.artifact import Artifact
from modelserve.types import Model
from starlette.testclient import TestClient

from tests.engine.serving.shadow.conftest import VERSION, BrokenModel, FakeModel

FAMILIES = ("iris", "diabetes", "sentiment")

MakeClient = Callable[..., TestClient]
Until = Callable[[Callable[[], object]], None]


@pytest.mark.parametrize("execution", ["inline", "threads"])
def test_the_same_model_agrees_with_itself(
    make_client: MakeClient,
    save_challenger: Callable[..., Path],
    golden: list[dict[str, Any]],
    figures: Any,
    until: Until,
    execution: str,
) -> None:
    client = make_client(
        challenger_dir=save_challenger(), challenger_percentage=100, execution=execution
    )
    rows = [each["input"] for each in golden]
    for some in (rows[:1], rows):
        assert client.post("/predict", json={"instances": some}).status_code == 200

    def exposed(name: str) -> list[float]:
        values: list[float] = figures(client.get("/metrics").text)(f"model_challenger_{name}")
        return values

    until(lambda: exposed("rows_total") == [len(rows) + 1])
    assert exposed("agreeing_total") in ([], [len(rows) + 1])
    # Joined texts are padded to one length, by which sums are rounded in another order.
    assert exposed("difference_sum")[0] < 1e-3 * len(rows)


def test_the_challenger_is_named(
    make_client: MakeClient, save_challenger: Callable[..., Path], trained: Artifact
) -> None:
    client = make_client(challenger_dir=save_challenger(), challenger_percentage=100)

    assert client.get("/model/challenger").json()["version"] == VERSION
    assert client.get("/model").json()["version"] == trained.manifest.version
    assert "/model/challenger" in client.get("/openapi.json").json()["paths"]


def test_there_is_no_such_route_without_one(client: TestClient) -> None:
    assert client.get("/model/challenger").status_code == 404
    assert "model_challenger" not in client.get("/metrics").text


def test_a_challenger_that_fails_later_changes_no_answer(
    project: Project,
    make_client: MakeClient,
    save_challenger: Callable[..., Path],
    row: dict[str, Any],
    figures: Any,
    until: Until,
) -> None:
    class Own(project.service_class):  # type: ignore[misc,name-defined]
        """A service whose challenger fails from the first request on."""

        def load_model(self, artifact: Artifact, *, threads: int) -> Model:
            """Return a model that answers the two rows of its check, and no others."""
            if artifact.manifest.version != VERSION:
                loaded: Model = super().load_model(artifact, threads=threads)
                return loaded
            fake = FakeModel(*artifact.manifest.fallback)
            return Failing(fake)

    plain = make_client().post("/predict", json={"instances": [row]}).json()
    client = make_client(Own, challenger_dir=save_challenger(), challenger_percentage=100)
    answers = [client.post("/predict", json={"instances": [row]}) for _ in range(3)]

    def failed() -> float:
        exposed = figures(client.get("/metrics").text)
        (value,) = exposed("model_challenger_uncompared_total", reason="failed")
        return float(value)

    until(lambda: failed() == 3)
    assert {each.status_code for each in answers} == {200}
    assert [each.json()["predictions"] for each in answers] == [plain["predictions"]] * 3
    ready = client.get("/health/ready").json()
    assert ready["degraded"] is False


class Failing:
    """A model that answers once.

    Args:
        model: answers.
    """

    def __init__(self, model: FakeModel) -> None:
        self._model = model

    def run(self, tensors: Any) -> Any:
        """Answer the first time."""
        return (BrokenModel() if self._model.calls else self._model).run(tensors)
