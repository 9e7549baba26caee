"""What a family's service exposes to Prometheus."""

from modelserve.artifact import GOLDEN
from starlette.testclient import TestClient

from tests.engine.families import Family


def scrape(family: Family) -> str:
    """Return a service's /metrics after one prediction.

    The model runs in threads, where it has a queue, and not on the requested provider; it is
    its own challenger.
    """
    service = family.project.service_class
    settings = service.settings_class(
        model_dir=family.artifact.folder,
        monitoring_config=family.root / "config" / "monitoring.toml",
        execution="threads",
        providers=("cuda", "cpu"),
        challenger_dir=family.artifact.folder,
    )
    row = family.artifact.read_json(GOLDEN)[0]["input"]
    with TestClient(service(settings).create_app()) as client:
        assert client.post("/predict", json={"instances": [row]}).status_code == 200
        return client.get("/metrics").text
