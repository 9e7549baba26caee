"""Load on a running service, for Locust: `uvx nox -s load -- --host http://127.0.0.1:8080`.

Words after `--` are Locust's, such as `--users 50 --run-time 5m`; LOCUST_HEADLESS=false opens its
page.
"""

import os

from locust import FastHttpUser, between, task

KEY = os.environ.get("SERVICE_KEY", "")  # of a consumer, if the service asks for keys
ROWS = int(os.environ.get("ROWS", "1"))  # in a request


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
