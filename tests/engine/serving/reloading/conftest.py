"""What the tests of hot swaps share: a service with a folder whose artifact changes."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from modelserve import Project, Service
from modelserve.artifact import Artifact
from modelserve.serving.hot_path import HotPath
from modelserve.serving.reloading.reloader import Reloader, ReloadOutcome
from starlette.testclient import TestClient

from tests.engine.model_variants import save_variant

PATIENCE_S = 20
INTERVAL_S = 0.02  # between two looks at the folder


def until(happened: Callable[[], object]) -> None:
    """Return once a condition holds."""
    deadline = time.monotonic() + PATIENCE_S
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.01)


class SwappedService:
    """A service, its folder, and the versions that it was given.

    Args:
        client: of the running application.
        folder: from which the service loads.
        trained: the artifact that every version is made of.
        row: a valid one.
    """

    def __init__(
        self, client: TestClient, folder: Path, trained: Artifact, row: dict[str, Any]
    ) -> None:
        self.client, self.folder, self.trained, self.row = client, folder, trained, row
        self.stop: Callable[[], None] = client.close
        self.app: HotPath = client.app  # type: ignore[assignment]

    @property
    def reloader(self) -> Reloader:
        """Return what loads other versions."""
        reloader = self.app.components.reloader
        assert reloader
        return reloader

    def save(self, version: str, **changes: Any) -> None:
        """Put another version into the folder."""
        save_variant(self.trained, self.folder, version, **changes)

    def reload(self) -> ReloadOutcome:
        """Ask for a reload, and return its outcome."""

        async def request() -> ReloadOutcome:
            return await self.reloader.request("test")

        portal = self.client.portal
        assert portal
        return portal.call(request)

    def predict(self, **options: Any) -> dict[str, Any]:
        """Return the answer for the row."""
        response = self.client.post("/predict", json={"instances": [self.row], **options})
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    def probabilities(self) -> list[float]:
        """Return the probabilities for the row, in the order of the labels."""
        (prediction,) = self.predict()["predictions"]
        by_label = prediction["probabilities"]
        return [round(by_label[label], 5) for label in self.trained.manifest.labels]

    def drained(self) -> bool:
        """Return whether only one generation is left."""
        return not vars(self.reloader)["_draining"]


@pytest.fixture
def swapped(
    project: Project,
    trained: Artifact,
    row: dict[str, Any],
    make_settings: Callable[..., Any],
    tmp_path: Path,
) -> Iterator[Callable[..., SwappedService]]:
    """Return a function that starts a service of a folder of its own."""
    with ExitStack() as running:

        def start(service_class: type[Service] | None = None, **settings: Any) -> SwappedService:
            folder = tmp_path / "served" / "model"
            save_variant(trained, folder, "1.0", shift=0)
            service = (service_class or project.service_class)(
                make_settings(model_dir=folder, **settings)
            )
            client = TestClient(service.create_app(), raise_server_exceptions=False)
            service = SwappedService(running.enter_context(client), folder, trained, row)
            service.stop = running.close
            return service

        yield start


@pytest.fixture
def manifest_of() -> Callable[[Path], dict[str, Any]]:
    """Return a function that reads a folder's manifest."""

    def read(folder: Path) -> dict[str, Any]:
        content: dict[str, Any] = json.loads((folder / "manifest.json").read_text("utf-8"))
        return content

    return read
