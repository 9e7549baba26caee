"""Asks a running service the artifact's golden cases, and says what is not as it should be."""

import http.client
import json
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

from .artifact import GOLDEN, Artifact, Manifest
from .errors import ConfigurationError, UnansweredError

TOLERANCE = 1e-5  # relative and absolute, as the model's own tests have it
TIMEOUT_S = 30.0
PAUSE_S = 0.5
CONNECTIONS = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}
# What a platform answers until a new service is known everywhere and has started.
NOT_YET = frozenset({404, 429, 500, 502, 503, 504})

Row = Mapping[str, Any]


class ServiceClient:
    """A service that is asked over one connection for as long as that lasts.

    Args:
        url: where it answers predictions.
        token: sent as a bearer token, unless it is empty.
        key: sent as an API key, unless it is empty.

    Raises:
        ConfigurationError: the address is none.
    """

    def __init__(self, url: str, *, token: str = "", key: str = "") -> None:
        """Note where to ask, and as whom."""
        place = urlsplit(url)
        if place.scheme not in CONNECTIONS or not place.hostname:
            raise ConfigurationError(f"{url!r} is no address; give one such as http://host/predict")
        self.url = url
        self._path = (place.path or "/") + (f"?{place.query}" if place.query else "")
        self._connection = CONNECTIONS[place.scheme](place.netloc, timeout=TIMEOUT_S)
        self._headers = {"Content-Type": "application/json"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        if key:
            self._headers["X-API-Key"] = key

    def ask(self, row: Row) -> dict[str, Any]:
        """Return the whole answer to one row.

        Raises:
            UnansweredError: there is none, or it is no JSON object.
        """
        try:
            self._connection.request("POST", self._path, _body(row), self._headers)
            response = self._connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise UnansweredError(f"{self.url} cannot be reached: {error}", status=None) from error
        if response.status != http.client.OK:
            said = content.decode("utf-8", "replace")[:500]
            raise UnansweredError(
                f"{self.url} answers with status {response.status}: {said}", status=response.status
            )
        try:
            return dict(json.loads(content))
        except (TypeError, ValueError) as error:
            raise UnansweredError(f"{self.url} answers, but not in JSON", status=200) from error

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

    def wait(self, row: Row, *, wait_s: float) -> None:
        """Return once the service answers; what it takes to start is none of its latency.

        Raises:
            UnansweredError: the time is over, or its answer will not change by waiting.
        """
        deadline = time.monotonic() + wait_s
        while True:
            try:
                self.ask(row)
                return
            except UnansweredError as error:
                lasting = error.status is not None and error.status not in NOT_YET
                if lasting or time.monotonic() >= deadline:
                    raise
            time.sleep(PAUSE_S)


def check(
    service: ServiceClient, found: Artifact, *, requests: int, latency_ms: float, wait_s: float
) -> list[str]:
    """Return what is wrong with a service, one thing an entry; nothing when all is well.

    Args:
        service: the one to ask; it is closed at the end.
        found: the artifact that it should be serving.
        requests: how many to send, a row each; every golden case is asked at least once.
        latency_ms: what 95 of 100 answers may take.
        wait_s: how long it may take to come up.

    Raises:
        UnansweredError: it cannot be asked.
    """
    cases = found.read_json(GOLDEN)
    wrong: dict[str, None] = {}
    took_ms = []
    with closing(service):
        service.wait(cases[0]["input"], wait_s=wait_s)
        for i in range(max(requests, len(cases))):
            number = i % len(cases)
            started = time.perf_counter()
            answer = service.ask(cases[number]["input"])
            took_ms.append(1000 * (time.perf_counter() - started))
            expected = cases[number]["output"]
            wrong |= dict.fromkeys(_complain(answer, found.manifest, expected, number))
    late_ms = sorted(took_ms)[math.ceil(0.95 * len(took_ms)) - 1]
    if late_ms > latency_ms:
        took = f"95 of 100 answers took up to {late_ms:.1f} ms"
        wrong[f"{took}; {latency_ms:g} ms were allowed"] = None
    return list(wrong)


def _body(row: Row) -> bytes:
    return json.dumps({"instances": [row]}).encode()


def _complain(
    answer: Mapping[str, Any], manifest: Manifest, expected: Sequence[float], number: int
) -> Iterator[str]:
    version = answer.get("model_version")
    if version != manifest.version:
        yield f"model version {version} answers, not {manifest.version}"
    if answer.get("degraded") is not False:
        yield "the service is degraded: the model does not answer by itself"
    try:
        (prediction,) = answer["predictions"]
        shares = prediction["probabilities"] if manifest.labels else {"": prediction["value"]}
        numbers = [float(shares[label]) for label in manifest.labels or ("",)]
    except (KeyError, TypeError, ValueError):
        yield f"golden case {number} is answered by something else than one prediction"
        return
    near = [
        math.isclose(one, other, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
        for one, other in zip(numbers, expected, strict=True)
    ]
    if not all(near):
        yield f"golden case {number} is answered by {numbers}, not {list(expected)}"
