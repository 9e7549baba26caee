"""Another artifact is served without a restart; until its last answer, the previous one stays."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

import pytest
from modelserve import Service
from modelserve.artifact import Artifact
from modelserve.serving.reloading import reloader as reloader_module
from modelserve.types import Model, Outputs, Tensors

from tests.engine.model_variants import break_manifest
from tests.engine.serving.reloading.conftest import PATIENCE_S, SwappedService, until

FAMILIES = ("iris", "sentiment")

Start = Callable[..., SwappedService]


class GatedModel:
    """A model that answers when its gate is open."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.gate, self.entered = threading.Event(), threading.Event()
        self.gate.set()

    def run(self, tensors: Tensors) -> Outputs:
        """Answer in the end."""
        self.entered.set()
        if not self.gate.wait(PATIENCE_S):
            raise TimeoutError("nobody opened the gate")
        return self.model.run(tensors)


class GatedService(Service):
    """A service whose models have gates; that of a version in `closed` is closed from the start."""

    models: ClassVar[dict[str, GatedModel]] = {}
    closed: ClassVar[set[str]] = set()

    def load_model(self, artifact: Artifact, *, threads: int) -> Model:
        """Return a model with a gate."""
        model = GatedModel(super().load_model(artifact, threads=threads))
        if artifact.manifest.version in self.closed:
            model.gate.clear()
        self.models[artifact.manifest.version] = model
        return model


@pytest.fixture
def gated() -> type[GatedService]:
    """Return a service class without models."""
    GatedService.models.clear()
    GatedService.closed.clear()
    return GatedService


def test_another_version_answers_after_a_reload(swapped: Start) -> None:
    service = swapped()
    before, first = service.probabilities(), service.predict()["model_version"]
    service.save("2.0")
    assert service.reload() == ("loaded", "")
    after = service.probabilities()
    assert (first, service.predict()["model_version"]) == ("1.0", "2.0")
    assert after == before[-1:] + before[:-1]
    assert service.client.get("/model").json()["version"] == "2.0"
    assert service.client.get("/health/ready").json()["model_version"] == "2.0"


def test_the_same_artifact_is_not_loaded_again(
    swapped: Start, caplog: pytest.LogCaptureFixture, figures: Any
) -> None:
    service = swapped()
    caplog.set_level("INFO")
    generation = service.app.generation
    service.save("1.0", shift=0)
    assert service.reload() == ("unchanged", "")
    assert service.app.generation is generation
    assert [each.message for each in caplog.records if "unchanged" in each.message]
    exposed = figures(service.client.get("/metrics").text)
    assert exposed.by("result", "model_reloads_total") == {
        "loaded": 0,
        "unchanged": 1,
        "refused": 0,
    }


def test_requests_finish_on_the_generation_that_they_began_with(
    swapped: Start, gated: type[GatedService]
) -> None:
    service = swapped(gated, execution="threads", threads=1)
    model, old = gated.models["1.0"], service.app.generation
    service.predict()
    model.gate.clear()
    model.entered.clear()
    with ThreadPoolExecutor(4) as clients:
        waiting = [clients.submit(service.predict) for _ in range(4)]
        until(model.entered.is_set)
        until(lambda: old.requests == 4)
        service.save("2.0")
        assert service.reload().result == "loaded"
        assert service.predict()["model_version"] == "2.0"
        assert not service.drained()
        assert not any(each.done() for each in waiting)
        model.gate.set()
        assert {each.result()["model_version"] for each in waiting} == {"1.0"}
    until(service.drained)


def test_a_change_during_a_load_is_loaded_afterwards(
    swapped: Start, gated: type[GatedService]
) -> None:
    service = swapped(gated)
    gated.closed.add("2.0")
    service.save("2.0")
    with ThreadPoolExecutor(5) as operators:
        first = operators.submit(service.reload)
        until(lambda: "2.0" in gated.models)
        service.save("3.0", shift=2)
        later = [operators.submit(service.reload) for _ in range(4)]
        assert service.predict()["model_version"] == "1.0"
        gated.models["2.0"].gate.set()
        assert first.result().result == "loaded"
        assert [each.result().result for each in later] == ["loaded"] * 4
    assert service.predict()["model_version"] == "3.0"
    assert list(gated.models) == ["1.0", "2.0", "3.0"]


def test_the_service_stops_during_a_load(
    swapped: Start, gated: type[GatedService], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reloader_module, "STOPS_WITHIN_S", 0.05)
    service = swapped(gated)
    gated.closed.add("2.0")
    service.save("2.0")
    with ThreadPoolExecutor(1) as operator:
        asked = operator.submit(service.reload)
        until(lambda: "2.0" in gated.models and gated.models["2.0"].entered.is_set())
        service.stop()
        assert asked.result() == ("refused", "The service stops.")
        assert service.app.components.manifest.version == "1.0"
        gated.models["2.0"].gate.set()


def test_what_belongs_to_the_process_is_shared(swapped: Start) -> None:
    service = swapped()
    old = service.app.components
    service.save("2.0")
    service.reload()
    new = service.app.components
    for name in ("access", "notifier", "feedback_exchange", "reloader", "settings"):
        assert getattr(new, name) is getattr(old, name), name


def test_old_generations_leave_no_thread(swapped: Start) -> None:
    service = swapped(execution="threads", threads=1, capture_dir=None)
    service.predict(explain=True)
    service.save("2.0")
    service.reload()
    service.predict(explain=True)
    until(service.drained)
    threads = threading.active_count()
    for version in map(str, range(3, 6)):
        service.save(version, shift=int(version) % 2)
        assert service.reload().result == "loaded"
        service.predict(explain=True)
    until(service.drained)
    until(lambda: threading.active_count() <= threads)


def test_every_route_is_the_new_generations(swapped: Start) -> None:
    service = swapped(platform="sagemaker")
    client = service.client
    assert client.get("/openapi.json").json()["info"]["version"] == "1.0"
    service.save("2.0")
    service.reload()
    assert client.get("/openapi.json").json()["info"]["version"] == "2.0"
    assert client.head("/docs").status_code == client.get("/docs").status_code == 200
    assert client.get("/v2").json()["version"] == "2.0"
    invoked = client.post("/invocations", json={"instances": [service.row]})
    assert invoked.json()["model_version"] == "2.0"
    name = service.trained.manifest.name
    assert client.get(f"/v2/models/{name}/versions/2.0/ready").json()["ready"]
    assert client.get(f"/v2/models/{name}/versions/1.0/ready").status_code == 404
    (prediction,) = service.predict(explain=True)["predictions"]
    assert prediction["explanation"]


def test_hooks_are_the_new_services(swapped: Start) -> None:
    class Tagging(Service):
        """Adds the version to each prediction."""

        def postprocess(self, predictions: list[dict[str, Any]], rows: Any) -> Any:
            """Tag predictions."""
            tag = {"tag": self.artifact.manifest.version}
            return [each | tag for each in super().postprocess(predictions, rows)]

    service = swapped(Tagging)
    tags = [service.predict()["predictions"][0]["tag"]]
    service.save("2.0")
    service.reload()
    tags.append(service.predict()["predictions"][0]["tag"])
    assert tags == ["1.0", "2.0"]


def test_another_schema_is_served_if_the_operator_allows_it(swapped: Start) -> None:
    service = swapped(reload_schema="any")
    labels = [f"new {each}" for each in service.trained.manifest.labels]
    service.save("2.0")
    break_manifest(service.folder, labels=labels, positive=None, threshold=None)
    assert service.reload() == ("loaded", "")
    (prediction,) = service.predict()["predictions"]
    assert prediction["label"] in labels
