"""Fixtures: a repository in which nobody has set anything, one that is set up, and its store."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.bakery import BakedProject
from tests.loopback import running
from tests.workflows.attest_client import AttestClient
from tests.workflows.repository import Repository
from tests.workflows.store import Store, archive

SERVED = {"version": "1", "metrics": {"accuracy": 0.91, "log_loss": 0.2}}
CAPTURED = "captures/iris/AllTraffic/2026/01/31/09/a.jsonl"
FILES = {
    CAPTURED: "{}\n",
    CAPTURED.replace("captures", "ground-truth"): "{}\n",
    "model/manifest.json": json.dumps(SERVED),
}


@pytest.fixture
def open_store() -> Iterator[Callable[[], Store]]:
    """Return a way to open a store; it is closed at the end."""
    with ExitStack() as open_stores:

        def open_one() -> Store:
            store = Store()
            store.archive = archive(FILES)
            open_stores.enter_context(running(store))
            return store

        yield open_one


@pytest.fixture
def store(open_store: Callable[[], Store]) -> Store:
    """Return a store with captures, truths and a model."""
    return open_store()


@pytest.fixture
def repository(shared_bake: Callable[[str], BakedProject], tmp_path: Path) -> Repository:
    """Return a fresh repository, in which nobody has set anything."""
    if sys.platform == "win32":
        pytest.skip("the steps run in bash")
    return Repository(shared_bake("scikit-learn-classifier--none"), tmp_path)


@pytest.fixture
def configured(repository: Repository, store: Store) -> Repository:
    """Return a repository that knows where its captures are."""
    repository.variables["CAPTURES_URL"] = store.url
    return repository


@pytest.fixture(scope="session")
def attest_client(tmp_path_factory: pytest.TempPathFactory) -> AttestClient:
    """Return the registry client of the action that attests an image."""
    return AttestClient(tmp_path_factory.getbasetemp() / "attest-client")
