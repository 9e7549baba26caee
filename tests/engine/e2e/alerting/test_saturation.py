"""End to end: more requests than the model can answer, until an alert suppresses another."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest
from modelserve.artifact import GOLDEN, Artifact

from tests.engine.e2e.alerting.conftest import wait_for
from tests.engine.e2e.conftest import RunningService, Serve
from tests.loopback import free_port

FAMILIES = ("iris",)
CLIENTS = 8
REFUSED = "sum(service:shed:ratio) > 0.05"
NOTIFIED_WITHIN_S = 120
ENOUGH_S = 4  # in which Alertmanager notifies of what is not suppressed

# Nobody waits for so long, and each request has a call of its own: clients at once are too many.
TOO_LITTLE = {
    "EXECUTION": "threads",
    "THREADS": "1",
    "BATCHING": "off",
    "PREDICT_TIMEOUT_S": "0.00001",
}


def ask_until(stop: Event, service: RunningService, body: object) -> set[int]:
    """Send requests one after the other; return their statuses."""
    statuses = set()
    while not stop.is_set():
        statuses.add(service.ask("POST", "/predict", body)[0])
    return statuses


@pytest.mark.e2e
@pytest.mark.slow
def test_a_saturated_model_raises_a_ticket_that_the_page_about_errors_suppresses(
    watch: Callable[..., Any], serve: Serve, trained: Artifact
) -> None:
    service = serve(**TOO_LITTLE)
    watching = watch([service.port], (free_port(), free_port()))
    body = {"instances": [trained.read_json(GOLDEN)[0]["input"]]}
    stop = Event()

    with ThreadPoolExecutor(CLIENTS) as clients:
        asked = [clients.submit(ask_until, stop, service, body) for _ in range(CLIENTS)]
        try:
            both = {"ModelSaturated", "ErrorBudgetBurn"}
            assert wait_for(
                lambda: both <= watching.alerts("firing"), within_s=NOTIFIED_WITHIN_S
            ), (watching.query(REFUSED), watching.alerts("pending", "firing"))
            page = "ErrorBudgetBurn"
            assert wait_for(lambda: watching.webhook.notified(page), within_s=NOTIFIED_WITHIN_S)
            time.sleep(ENOUGH_S)
        finally:
            stop.set()

    assert 503 in set.union(*(each.result() for each in asked))
    (alert,) = watching.query('ALERTS{alertname="ModelSaturated"}')
    assert alert["metric"]["severity"] == "ticket", json.dumps(alert)
    assert not watching.webhook.notified("ModelSaturated")
