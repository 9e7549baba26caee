"""The InferenceService is one by KServe's own published types, and is asked as KServe asks."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.bakery import tool_environment
from tests.cluster.conftest import Object
from tests.cluster.manifests import only
from tests.test_dashboards import differences

# Without its dependencies, which are servers: the types need Kubernetes' client alone.
TYPES = ("kserve==0.21.0", "kubernetes==35.0.0")


@pytest.fixture(scope="module")
def there_and_back(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Object], Object]:
    """Return a way through KServe's types."""
    folder = tmp_path_factory.mktemp("kserve")
    install = ("uv", "pip", "install", "--quiet", "--target", folder, "--python", sys.executable)
    for words in ((TYPES[1],), ("--no-deps", TYPES[0])):
        done = subprocess.run([*install, *words], env=tool_environment(), check=False)
        if done.returncode:
            assert not os.environ.get("REQUIRE_ALL"), f"{words} cannot be installed"
            pytest.skip(f"{words} cannot be installed")

    def go(given: Object) -> Object:
        done = subprocess.run(
            [sys.executable, Path(__file__).with_name("kserve_types.py")],
            env=tool_environment() | {"PYTHONPATH": str(folder)},
            input=json.dumps(given),
            check=True,
            capture_output=True,
            text=True,
        )
        return json.loads(done.stdout)

    return go


def test_kserve_knows_every_key(
    render: Callable[..., list[Object]], there_and_back: Callable[[Object], Object]
) -> None:
    """What its types do not have is dropped on the way through them."""
    service = only(render("deploy/kserve"), "InferenceService")
    assert not list(differences(service, there_and_back(service)))

    service["spec"]["predictor"]["minReplica"] = 1
    assert list(differences(service, there_and_back(service))) == [".spec.predictor.minReplica"]
