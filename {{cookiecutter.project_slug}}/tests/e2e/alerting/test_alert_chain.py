"""The proof: from requests over counters, rules and alerts to a message that somebody reads."""

import http.client
import itertools
import json
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from package.artifact import Artifact, Feature
from package.training import data
from package.training.config import Config
from package.training.parts import split

ROWS = 10  # of one request
PAUSE_S = 0.1  # between two of them
CALM_ROWS = 500  # after which the calm must hold
ENOUGH = 150  # rows that were held back; fewer are no sample of their own

Row = dict[str, Any]


def usual(config: Config) -> list[Row]:
    """Return rows like those of training: the model has not seen them, where there are enough."""
    whole = data.load(config.data)
    parts = split(whole, config.data, config.seed)
    held_back = [part for part in (parts.calibration, parts.test) if len(part)]
    chosen = held_back if sum(map(len, held_back)) >= ENOUGH else [whole]
    texts = [part.rows.to_json(orient="records", double_precision=15) for part in chosen]
    rows = [row for text in texts for row in json.loads(text)]
    random.Random(config.seed).shuffle(rows)  # noqa: S311  whatever the file's order was
    return rows


def shifted(row: Row, features: Sequence[Feature]) -> Row:
    """Return a row beyond most that training saw."""
    return {each.name: shift(row[each.name], each) for each in features}


def shift(value: Any, feature: Feature) -> Any:
    """Return a value that is larger by half of its range, or a text that is longer."""
    if feature.kind == "text":
        return f"{value} {value} {value}"
    if feature.kind in ("number", "integer") and value is not None:
        return type(value)(value + ((feature.maximum or 0) - (feature.minimum or 0)) / 2)
    return value


def wrong(prediction: dict[str, Any], manifest: Any) -> dict[str, Any]:
    """Return a truth that makes nonsense of a prediction."""
    if manifest.labels:
        return {"label": next(each for each in manifest.labels if each != prediction["label"])}
    return {"value": prediction["value"] + 5 * manifest.metrics["mae"]}


class Traffic:
    """Sends rows to replicas in turn, without end, and keeps the latest answers."""

    def __init__(self, ports: Sequence[int], rows: Sequence[Row]) -> None:
        self.ports = list(ports)
        self.rows = list(rows)
        self.answers: list[tuple[int, dict[str, Any]]] = []

    def ask(self, port: int, path: str, body: object) -> dict[str, Any]:
        """Post JSON, and return the JSON of the answer."""
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            connection.request("POST", path, json.dumps(body))
            response = connection.getresponse()
            found: dict[str, Any] = json.loads(response.read())
            assert response.status == 200, found
            return found
        finally:
            connection.close()

    @contextmanager
    def flowing(self) -> Iterator[None]:
        """Send rows for as long as the block lasts."""
        over = threading.Event()

        def send() -> None:
            start = 0
            for turn in itertools.count():
                if over.wait(PAUSE_S):
                    return
                rows = self.rows  # which may be others by now
                port = self.ports[turn % len(self.ports)]
                some = [rows[(start + i) % len(rows)] for i in range(ROWS)]
                answer = self.ask(port, "/predict", {"instances": some})
                self.answers.append((port, answer))
                start += ROWS

        thread = threading.Thread(target=send)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def contradict(self, manifest: Any) -> None:
        """Send feedback that makes every answer so far a wrong one."""
        answers, self.answers = self.answers, []
        for port, answer in answers:
            outcomes = [
                {"inference_id": answer["inference_id"], "row": i, **wrong(each, manifest)}
                for i, each in enumerate(answer["predictions"])
            ]
            self.ask(port, "/feedback", {"outcomes": outcomes})


def free_ports(count: int) -> list[int]:
    """Return ports that nothing listens on."""
    listeners = [socket.socket() for _ in range(count)]
    for each in listeners:
        each.bind(("127.0.0.1", 0))
    ports: list[int] = [each.getsockname()[1] for each in listeners]
    for each in listeners:
        each.close()
    return ports


def comes(what: Callable[[], Any], *, within_s: float = 120) -> bool:
    """Tell whether something comes true in time."""
    deadline = time.monotonic() + within_s
    while not what():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True


@pytest.mark.e2e
@pytest.mark.slow
def test_what_goes_wrong_reaches_somebody_and_nothing_else_does(
    watch: Callable[..., Any], serve: Callable[..., Any], found: Artifact, config: Config
) -> None:
    replicas = [serve(), serve()]
    ports = [each.port for each in replicas]
    watching = watch(ports, free_ports(2))
    assert comes(lambda: watching.ask("count(count_over_time(up[1h]) > 1) == 2"))
    rows = usual(config)
    traffic = Traffic(ports, rows)

    with traffic.flowing():
        # Calm traffic, until there are enough rows to tell: nothing fires. The day's window gathers
        # them on a slow machine too; an hour's may never hold so many, and a week's comes late.
        enough = f'min(model:rows{{kind="input",window="1d"}}) >= {CALM_ROWS}'
        assert comes(lambda: watching.ask(enough))
        assert watching.alerts("firing") == set()
        assert not watching.webhook.messages

        # Shifted traffic: the drift is told, with what to do about it.
        traffic.rows = [shifted(row, found.manifest.features) for row in rows]
        assert comes(lambda: watching.webhook.told("InputDrift")), watching.ask("model:psi")
        assert "docs/runbooks/input-drift.md" in watching.webhook.told("InputDrift")[0]

        # Feedback that is wrong: the quality is told.
        assert not watching.webhook.told("QualityBelowFloor")
        traffic.rows = rows
        traffic.contradict(found.manifest)
        assert comes(lambda: watching.webhook.told("QualityBelowFloor"))

        # A replica dies: of that, nothing is told.
        before = watching.alerts("firing")
        traffic.ports = ports[:1]
        replicas[1].process.kill()
        assert comes(lambda: watching.ask("count(up == 0) == 1"))
        until = time.monotonic() + 10
        assert comes(lambda: time.monotonic() > until)
        assert watching.alerts("firing") <= before
