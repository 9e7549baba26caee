"""Load on the service on http://127.0.0.1:8080, for Locust: `uvx nox -s load`.

Words after `--` are Locust's, such as `--host https://example.com --users 50 --run-time 5m`;
LOCUST_HEADLESS=false opens its page.
"""

import logging
import os

from locust import FastHttpUser, between, events, task
from locust.env import Environment

KEY = os.environ.get("SERVICE_KEY", "")  # of a consumer, if the service asks for keys
ROWS = int(os.environ.get("ROWS", "1"))  # in a request


@events.quitting.add_listener
def fail_without_a_request(environment: Environment, **_: object) -> None:
    """Let no run pass that has measured nothing."""
    if not environment.stats.total.num_requests:
        logging.error("No request was sent.")
        environment.process_exit_code = 1


class Consumer(FastHttpUser):
    """A consumer that waits for an answer, and a moment, before its next request."""

    wait_time = between(0, 0.1)
    default_headers = {"X-API-Key": KEY} if KEY else {}

    def on_start(self) -> None:
        """Read the model's fields, and take each field's example for a row."""
        response = self.client.get("/model")
        if response.status_code != 200:
            self.stop(force=True)  # the report says why
        row = {field["name"]: field["example"] for field in response.json()["features"]}
        self.body = {"instances": [row] * ROWS}

    @task
    def predict(self) -> None:
        """Ask for predictions."""
        self.client.post("/predict", json=self.body)
