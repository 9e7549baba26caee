"""Many clients of a model in threads: each gets the answer to its own row, whoever leaves."""

import http.client
import json
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from modelserve.artifact import GOLDEN, Artifact

from tests.engine.e2e.conftest import HOST, RunningService, Serve

pytestmark = pytest.mark.e2e

FAMILIES = ("iris", "sentiment")
CLIENTS, REQUESTS = 16, 30


def predict_many(service: RunningService, bodies: list[bytes]) -> list[dict[str, Any]]:
    """Return the answers to bodies that are sent over one connection."""
    connection = http.client.HTTPConnection(HOST, service.port, timeout=30)
    answers = []
    try:
        for body in bodies:
            connection.request("POST", "/predict", body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            answers.append({"status": response.status, **json.loads(response.read())})
    finally:
        connection.close()
    return answers


def leave(service: RunningService, body: bytes) -> None:
    """Send a whole request, and go away without an answer."""
    head = f"POST /predict HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {len(body)}\r\n\r\n"
    with socket.create_connection((HOST, service.port), timeout=10) as client:
        client.sendall(head.encode() + body)


def outputs_of(answer: dict[str, Any]) -> list[list[float]]:
    """Return the outputs of each row, as golden cases have them."""
    return [
        [*each["probabilities"].values()] if "probabilities" in each else [each["value"]]
        for each in answer["predictions"]
    ]


@pytest.mark.parametrize("threads", ["1", "3"])
def test_each_client_gets_its_own_answers(
    serve: Serve,
    trained: Artifact,
    figures: Callable[[str], Callable[..., list[float]]],
    threads: str,
) -> None:
    service = serve(EXECUTION="threads", THREADS=threads, BATCHING="on")
    cases = trained.read_json(GOLDEN)
    chosen = [[cases[(i + j) % len(cases)] for j in range(1 + i % 3)] for i in range(REQUESTS)]
    bodies = [json.dumps({"instances": [c["input"] for c in some]}).encode() for some in chosen]
    with ThreadPoolExecutor(CLIENTS + 1) as clients:
        leaving = clients.submit(lambda: [leave(service, bodies[0]) for _ in range(60)])
        orders = [bodies[i:] + bodies[:i] for i in range(CLIENTS)]
        answered = list(clients.map(lambda some: predict_many(service, some), orders))
        leaving.result()
    for i, answers in enumerate(answered):
        assert {each["status"] for each in answers} == {200}
        for answer, some in zip(answers, chosen[i:] + chosen[:i], strict=True):
            expected = [case["output"] for case in some]
            assert outputs_of(answer) == [
                pytest.approx(each, rel=1e-4, abs=1e-4) for each in expected
            ]
    exposed = figures(service.ask("GET", "/metrics")[1].decode())
    ((rows,), (calls,)) = exposed("model_batch_rows_sum"), exposed("model_batch_rows_count")
    assert rows >= CLIENTS * sum(map(len, chosen))
    assert calls < CLIENTS * REQUESTS  # some were joined
    assert exposed("model_queued_requests") == [0]
    assert service.stop() == 0
