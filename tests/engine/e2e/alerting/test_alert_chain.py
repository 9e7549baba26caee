"""End to end: from requests to metrics, rules, alerts and a notification."""

import http.client
import itertools
import json
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from modelserve.artifact import Artifact
from modelserve.manifest import Feature, Manifest
from modelserve.training.splits import split
from modelserve.training.tasks import load_task

from tests.engine.families import Family
from tests.loopback import free_port

FAMILIES = ("iris", "diabetes", "sentiment")
ROWS = 10  # per request
PAUSE_S = 0.1  # between two requests
QUIET_ROWS = 500  # after which no alert may have fired
ENOUGH = 150  # held-out rows; fewer do not represent the training data
ORDER = 26  # a seed with which no stretch of the rows looks drifted, for any family

Row = dict[str, Any]


def usual(family: Family) -> list[Row]:
    """Return rows like the training data: held-out ones, if there are enough of them."""
    config = family.config
    dataset = family.project.load(config.data)
    splits = split(dataset, config.split, load_task(config.task), config.seed)
    held_out = [part for part in (splits.calibration, splits.test) if len(part)]
    chosen = held_out if sum(map(len, held_out)) >= ENOUGH else [dataset]
    texts = [part.rows.to_json(orient="records", double_precision=15) for part in chosen]
    rows = [row for text in texts for row in json.loads(text)]
    random.Random(ORDER).shuffle(rows)
    return rows


def shifted(row: Row, features: Sequence[Feature]) -> Row:
    """Return a row beyond most of the training data."""
    return {each.name: shift(row[each.name], each) for each in features}


def shift(value: Any, feature: Feature) -> Any:
    """Return a value that is larger by half of its range, or a text that is longer."""
    if feature.dtype == "text":
        return f"{value} {value} {value}"
    if feature.dtype in ("number", "integer") and value is not None:
        return type(value)(value + ((feature.maximum or 0) - (feature.minimum or 0)) / 2)
    return value


def contradiction(prediction: dict[str, Any], manifest: Manifest) -> dict[str, Any]:
    """Return feedback by which a prediction was wrong."""
    if manifest.labels:
        return {"label": next(each for each in manifest.labels if each != prediction["label"])}
    return {"value": prediction["value"] + 5 * manifest.metrics["mae"]}


class Traffic:
    """Sends rows to replicas in turn, endlessly, and keeps the latest responses."""

    def __init__(self, ports: Sequence[int], rows: Sequence[Row]) -> None:
        self.ports = list(ports)
        self.rows = list(rows)
        self.responses: list[tuple[int, dict[str, Any]]] = []

    def post(self, port: int, path: str, body: object) -> dict[str, Any]:
        """Post JSON, and return the JSON of the response."""
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            connection.request("POST", path, json.dumps(body))
            response = connection.getresponse()
            actual: dict[str, Any] = json.loads(response.read())
            assert response.status == 200, actual
            return actual
        finally:
            connection.close()

    @contextmanager
    def flowing(self) -> Iterator[None]:
        """Send rows for as long as the block lasts."""
        stop = threading.Event()

        def send() -> None:
            start = 0
            for turn in itertools.count():
                if stop.wait(PAUSE_S):
                    return
                rows = self.rows  # which the test replaces
                port = self.ports[turn % len(self.ports)]
                some = [rows[(start + i) % len(rows)] for i in range(ROWS)]
                response = self.post(port, "/predict", {"instances": some})
                self.responses.append((port, response))
                start += ROWS

        thread = threading.Thread(target=send)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def contradict(self, manifest: Manifest) -> None:
        """Send feedback by which every prediction so far was wrong."""
        responses, self.responses = self.responses, []
        for port, response in responses:
            outcomes = [
                {
                    "inference_id": response["inference_id"],
                    "row": i,
                    **contradiction(each, manifest),
                }
                for i, each in enumerate(response["predictions"])
            ]
            self.post(port, "/feedback", {"outcomes": outcomes})


def comes_true(condition: Callable[[], Any], *, within_s: float = 120) -> bool:
    """Return whether a condition comes true in time."""
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True


@pytest.mark.e2e
@pytest.mark.slow
def test_what_goes_wrong_is_notified_and_nothing_else(
    watch: Callable[..., Any], serve: Callable[..., Any], trained: Artifact, family: Family
) -> None:
    replicas = [serve(), serve()]
    ports = [each.port for each in replicas]
    watching = watch(ports, (free_port(), free_port()))
    assert comes_true(lambda: watching.query("count(count_over_time(up[1h]) > 1) == 2"))
    rows = usual(family)
    traffic = Traffic(ports, rows)

    with traffic.flowing():
        # Usual traffic, until there are enough rows: nothing fires. The day's window collects them
        # on a slow machine too; an hour's may never have so many, and a week's begins late.
        enough = f'min(model:rows{{kind="input",window="1d"}}) >= {QUIET_ROWS}'
        assert comes_true(lambda: watching.query(enough))
        assert watching.alerts("firing") == set()
        assert not watching.webhook.messages

        # Shifted traffic: drift is notified, with the runbook.
        traffic.rows = [shifted(row, trained.manifest.features) for row in rows]
        notified = watching.webhook.notified
        assert comes_true(lambda: notified("InputDrift")), watching.query("model:psi")
        assert "vendor/modelserve/docs/runbooks/input-drift.md" in notified("InputDrift")[0]

        # Feedback by which predictions were wrong: quality is notified.
        assert not notified("QualityBelowFloor")
        traffic.rows = rows
        traffic.contradict(trained.manifest)
        assert comes_true(lambda: notified("QualityBelowFloor")), watching.query("model:outcomes")

        # A replica dies: no further alert.
        before = watching.alerts("firing")
        traffic.ports = ports[:1]
        sent = len(traffic.responses)  # a request to the other one may be under way
        assert comes_true(lambda: len(traffic.responses) >= sent + 2)
        replicas[1].process.kill()
        assert comes_true(lambda: watching.query("count(up == 0) == 1"))
        until = time.monotonic() + 10
        assert comes_true(lambda: time.monotonic() > until)
        assert watching.alerts("firing") <= before
