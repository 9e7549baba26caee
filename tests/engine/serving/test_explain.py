"""`"explain": true`: each prediction with what each field, or word, contributed to it."""

import asyncio
import json
import shutil
import threading
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from modelserve import Project, Service, artifact
from modelserve.artifact import Artifact
from modelserve.serving.app import wrap
from modelserve.serving.components import Components
from modelserve.serving.explain.explainer import MOST_WAITING, Explainer
from modelserve.types import Model, Outputs, Rows, Tensors
from starlette.testclient import TestClient

FAMILIES = ("iris", "diabetes", "sentiment")
PATIENCE_S = 10

Ask = Callable[..., Awaitable[Any]]
MakeClient = Callable[..., TestClient]
MakeComponents = Callable[..., Components]
Row = dict[str, Any]


class SlowOnMixedRows:
    """A model that is quick for one row, and waits to be released for more."""

    def __init__(self, fallback: Sequence[float]) -> None:
        self.entered, self.go = threading.Event(), threading.Event()
        self._answer = np.asarray([fallback], dtype=np.float32)

    def run(self, tensors: Tensors) -> Outputs:
        """Answer the fallback."""
        rows = len(next(iter(tensors.values())))
        if rows > 1:
            self.entered.set()
            assert self.go.wait(PATIENCE_S)
        return np.repeat(self._answer, rows, axis=0)


class FailsOnMixedRows:
    """A model that fails on more than one row, or has outputs that are not finite."""

    def __init__(self, fallback: Sequence[float], *, loudly: bool) -> None:
        self._answer, self._loudly = np.asarray([fallback], dtype=np.float32), loudly

    def run(self, tensors: Tensors) -> Outputs:
        """Answer the fallback, or fail."""
        rows = len(next(iter(tensors.values())))
        if rows == 1:
            return self._answer
        if self._loudly:
            raise RuntimeError("too many")
        return np.full((rows, self._answer.shape[1]), np.nan, dtype=np.float32)


def explained_by(components: Components, model: Model, trained: Artifact, **limits: Any) -> Any:
    """Return components whose explanations are of another model."""
    explainer = Explainer(
        model, trained, components.codec.inputs, **{"limit_s": PATIENCE_S} | limits
    )
    return replace(components, explainer=explainer)


def asked(*rows: Row) -> bytes:
    return json.dumps({"instances": rows, "explain": True}).encode()


def answer_of(prediction: Mapping[str, Any]) -> float:
    """Return what is explained of a prediction."""
    if "value" in prediction:
        return float(prediction["value"])
    return float(prediction["probabilities"][prediction["label"]])


def values_of(explanation: Mapping[str, Any]) -> list[float]:
    """Return the contributions of a table's fields, or of a text's words."""
    listed = explanation["contributions"]
    return [*listed.values()] if isinstance(listed, dict) else [value for _, value in listed]


def test_base_and_contributions_sum_to_each_answer(
    client: TestClient, golden: list[Row], trained: Artifact
) -> None:
    rows = [case["input"] for case in golden[:5]]
    plain = client.post("/predict", json={"instances": rows}).json()
    explained = client.post("/predict", json={"instances": rows, "explain": True}).json()

    for before, after in zip(plain["predictions"], explained["predictions"], strict=True):
        explanation = after.pop("explanation")
        assert after == before
        assert explanation["of"] == after.get("label", "value")
        total = explanation["base"] + sum(values_of(explanation))
        assert total == pytest.approx(answer_of(after), rel=1e-5, abs=1e-5)
        assert any(values_of(explanation))


def test_every_field_or_word_is_named(client: TestClient, row: Row, trained: Artifact) -> None:
    (prediction,) = client.post("/predict", content=asked(row)).json()["predictions"]
    contributions = prediction["explanation"]["contributions"]
    if trained.manifest.modality == "text":
        words = "".join(word for word, _ in contributions)
        assert words == "".join(row[trained.manifest.features[0].name].split())
    else:
        assert list(contributions) == [feature.name for feature in trained.manifest.features]


def test_the_same_row_has_the_same_explanation(client: TestClient, row: Row) -> None:
    first, second = (client.post("/predict", content=asked(row)).json() for _ in range(2))
    assert first["predictions"] == second["predictions"]


@pytest.mark.parametrize(
    ("fields", "explains"),
    [
        pytest.param({}, False, id="not asked"),
        pytest.param({"explain": False}, False, id="false"),
        pytest.param({"explain": None, "parameters": None}, False, id="null, as generated"),
        pytest.param({"parameters": {"explain": True}}, True, id="Vertex"),
        pytest.param({"parameters": {"explain": False}}, False, id="Vertex, false"),
        pytest.param({"parameters": ["explain"]}, False, id="other parameters"),
    ],
)
def test_only_who_asks_is_given_explanations(
    client: TestClient, row: Row, fields: Row, explains: bool
) -> None:
    response = client.post("/predict", json={"instances": [row], **fields})
    assert ("explanation" in response.json()["predictions"][0]) == explains


def test_explain_is_true_or_false(client: TestClient, row: Row) -> None:
    response = client.post("/predict", json={"instances": [row], "explain": "yes"})
    assert response.status_code == 422
    assert [each["pointer"] for each in response.json()["errors"]] == ["/explain"]


def test_sagemaker_asks_in_the_same_way(make_client: MakeClient, row: Row) -> None:
    client = make_client(platform="sagemaker")
    (prediction,) = client.post("/invocations", content=asked(row)).json()["predictions"]
    assert values_of(prediction["explanation"])


def test_explanations_are_documented(client: TestClient) -> None:
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    asked = schemas["PredictRequest"]["properties"]["explain"]["anyOf"]
    assert asked == [{"type": "boolean"}, {"type": "null"}]
    assert "explain" not in schemas["PredictRequest"]["required"]
    assert {"of", "base", "contributions"} == set(schemas["Explanation"]["required"])
    assert "explanation" not in schemas["Prediction"]["required"]


def test_what_the_fallback_answered_is_not_explained(
    make_components: MakeComponents, trained: Artifact, row: Row, ask: Ask
) -> None:
    model = FailsOnMixedRows(trained.manifest.fallback, loudly=True)
    components = explained_by(make_components(model=model), model, trained)
    reply = asyncio.run(ask(wrap(components), "POST", "/predict", asked(row, row)))
    assert reply.json()["degraded"]
    assert [each["explanation"] for each in reply.json()["predictions"]] == [None, None]


@pytest.mark.parametrize("loudly", [True, False], ids=["raises", "not finite"])
def test_a_prediction_stands_where_the_explanation_fails(
    make_components: MakeComponents,
    trained: Artifact,
    row: Row,
    ask: Ask,
    loudly: bool,
    caplog: pytest.LogCaptureFixture,
) -> None:
    model = FailsOnMixedRows(trained.manifest.fallback, loudly=loudly)
    components = explained_by(make_components(model=model), model, trained)
    reply = asyncio.run(ask(wrap(components), "POST", "/predict", asked(row)))
    assert not reply.json()["degraded"]
    assert reply.json()["predictions"][0]["explanation"] is None
    assert "predictions not explained" in caplog.text


def test_explanations_that_take_too_long_end_in_504(
    make_components: MakeComponents, trained: Artifact, row: Row, ask: Ask
) -> None:
    model = SlowOnMixedRows(trained.manifest.fallback)
    components = explained_by(make_components(model=model), model, trained, limit_s=0.05)
    reply = asyncio.run(ask(wrap(components), "POST", "/predict", asked(row)))
    model.go.set()
    assert reply.status == 504
    assert "PREDICT_TIMEOUT_S" in reply.json()["detail"]


def test_the_thread_stops_once_the_time_is_over(
    make_components: MakeComponents, trained: Artifact, row: Row
) -> None:
    components = make_components()
    given = components.codec.decode(asked(row))
    prediction = components.predictor.predict(given)
    with pytest.raises(Exception, match="took longer"):
        components.explainer.explain(given, prediction, time.monotonic() - 1)


def test_others_are_answered_while_a_prediction_is_explained(
    make_components: MakeComponents, trained: Artifact, row: Row, body: bytes, ask: Ask
) -> None:
    model = SlowOnMixedRows(trained.manifest.fallback)
    app = wrap(explained_by(make_components(model=model), model, trained))

    async def ask_many() -> tuple[list[Any], Any, Any]:
        slow = [
            asyncio.create_task(ask(app, "POST", "/predict", asked(row)))
            for _ in range(MOST_WAITING)
        ]
        await asyncio.to_thread(model.entered.wait, PATIENCE_S)
        plain = await ask(app, "POST", "/predict", body)
        refused = await ask(app, "POST", "/predict", asked(row))
        model.go.set()
        return await asyncio.gather(*slow), plain, refused

    slow, plain, refused = asyncio.run(ask_many())
    assert plain.status == 200
    assert refused.status == 503
    assert refused.headers["retry-after"] == "1"
    assert [each.status for each in slow] == [200] * MOST_WAITING


def test_more_rows_than_can_be_explained_are_refused(make_client: MakeClient, row: Row) -> None:
    client = make_client(max_rows=10_000, max_body_bytes=10_000_000)
    rows = [row] * 1_000
    response = client.post("/predict", content=asked(*rows))
    assert response.status_code == 422
    (problem,) = response.json()["errors"]
    assert problem["pointer"] == "/instances"
    allowed = int(problem["detail"].partition("send ")[2].split()[0])
    assert client.post("/predict", content=asked(*rows[:allowed])).status_code == 200
    assert client.post("/predict", content=asked(*rows[: allowed + 1])).status_code == 422


def test_an_artifact_without_background_rows_says_what_to_do(
    make_client: MakeClient, trained: Artifact, row: Row, tmp_path: Path
) -> None:
    if trained.manifest.modality == "text":
        pytest.skip("texts need no background rows")
    folder = Path(shutil.copytree(trained.folder, tmp_path / "old"))
    manifest = json.loads((folder / artifact.MANIFEST).read_bytes())
    (folder / artifact.BACKGROUND).unlink()
    del manifest["files"][artifact.BACKGROUND]
    (folder / artifact.MANIFEST).write_bytes(artifact.to_text(manifest))
    client = make_client(model_dir=folder)

    assert client.post("/predict", json={"instances": [row]}).status_code == 200
    response = client.post("/predict", content=asked(row))
    assert response.status_code == 422
    (problem,) = response.json()["errors"]
    assert problem["pointer"] == "/explain"
    assert "background_rows above 0 in [reference]" in problem["detail"]


def test_what_the_hooks_make_of_a_row_is_explained(
    make_client: MakeClient, project: Project, golden: list[Row]
) -> None:
    first, second = (case["input"] for case in golden[:2])

    class Swapped(project.service_class):  # type: ignore[name-defined,misc]
        """A service that always answers for the second row, and adds a field."""

        def preprocess(self, rows: Rows) -> Rows:
            """Return the second row."""
            return [second for _ in rows]

        def postprocess(self, predictions: list[Row], rows: Rows) -> list[Row]:
            """Return a field alone."""
            return [{"comment": "fine"} for _ in rows]

    expected = make_client().post("/predict", content=asked(second)).json()["predictions"]
    swapped: type[Service] = Swapped
    actual = make_client(swapped).post("/predict", content=asked(first)).json()["predictions"]
    assert actual == [{"comment": "fine", "explanation": expected[0]["explanation"]}]
