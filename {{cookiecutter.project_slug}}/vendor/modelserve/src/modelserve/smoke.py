"""Send a running service the artifact's golden cases, and report wrong or late answers."""

import http.client
import json
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from .answers import ROUNDING, rounding
from .artifact import GOLDEN, Artifact
from .errors import ConfigurationError, UnansweredError
from .hook_calls import load_model
from .manifest import Manifest
from .project import Project
from .types import Prediction

TIMEOUT_S = 30.0
PAUSE_S = 0.5
CONNECTIONS = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}
REFUSED = frozenset({401, 403})
CREDENTIALS = (
    " Set SERVICE_KEY to an API key of the service, or SERVICE_TOKEN to a token of its platform."
)
# A platform answers with these until a new service has started and is routed.
NOT_YET = frozenset({404, 429, 500, 502, 503, 504})

Row = Mapping[str, Any]
Comparison = Callable[[Any, Any], bool]


class ServiceClient:
    """A client of a service that keeps its connection open.

    Args:
        url: of the predictions' route.
        token: sent as a bearer token, unless it is empty.
        key: sent as an API key, unless it is empty.

    Raises:
        ConfigurationError: the URL is invalid.
    """

    def __init__(self, url: str, *, token: str = "", key: str = "") -> None:
        """Parse the URL and prepare the headers."""
        parts = urlsplit(url)
        if parts.scheme not in CONNECTIONS or not parts.hostname:
            raise ConfigurationError(f"{url!r} is not a URL; use one such as http://host/predict")
        self.url = url
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._connection = CONNECTIONS[parts.scheme](parts.netloc, timeout=TIMEOUT_S)
        self._headers = {"Content-Type": "application/json"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        if key:
            self._headers["X-API-Key"] = key

    def predict(self, row: Row) -> dict[str, Any]:
        """Return the response's JSON for one row.

        Raises:
            UnansweredError: the service cannot be reached, fails, or does not answer in JSON.
        """
        try:
            self._connection.request("POST", self._path, _body(row), self._headers)
            response = self._connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise UnansweredError(f"{self.url} cannot be reached: {error}", status=None) from error
        if response.status != http.client.OK:
            text = content.decode("utf-8", "replace")[:500]
            hint = CREDENTIALS if response.status in REFUSED else ""
            raise UnansweredError(
                f"{self.url} answers with status {response.status}: {text}{hint}",
                status=response.status,
            )
        try:
            return dict(json.loads(content))
        except (TypeError, ValueError) as error:
            raise UnansweredError(f"{self.url} answers, but not in JSON", status=200) from error

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def wait(self, row: Row, *, wait_s: float) -> None:
        """Return once the service answers; the time to start is not part of its latency.

        Raises:
            UnansweredError: it does not answer in time, or fails in a way that waiting cannot mend.
        """
        deadline = time.monotonic() + wait_s
        while True:
            try:
                self.predict(row)
                return
            except UnansweredError as error:
                lasting = error.status is not None and error.status not in NOT_YET
                if lasting or time.monotonic() >= deadline:
                    raise
            time.sleep(PAUSE_S)


def predict_with_hooks(project: Project, model_dir: Path) -> list[Any] | None:
    """Return the prediction of each golden case behind the project's hooks.

    Returns:
        None if no hook changes the golden outputs.
    """
    hooks = ("load_model", "preprocess", "postprocess")
    if not any(map(project.service_class.overrides, hooks)):
        return None
    service = project.make_service(model_dir)
    codec, predictions = service.codec, []
    model = load_model(service, service.artifact, threads=1)
    for case in service.artifact.read_json(GOLDEN):
        given = codec.gather([case["input"]])
        outputs = model.run(given.tensors)
        (text,) = codec.answers(given, Prediction(outputs, degraded=False))
        predictions.append(json.loads(text))
    return predictions


def check(
    service: ServiceClient,
    artifact: Artifact,
    *,
    requests: int,
    latency_ms: float,
    wait_s: float,
    predictions: Sequence[Any] | None = None,
) -> list[str]:
    """Return every fault of a service; none if it answers as its artifact does, and in time.

    Args:
        service: the client; it is closed at the end.
        artifact: the one that the service should serve.
        requests: how many to send, a row each; every golden case is sent at least once.
        latency_ms: the limit for 95 of 100 answers.
        wait_s: the time that the service may take to start.
        predictions: of the golden cases, as `predict_with_hooks` returns them; None to compare
            with the golden outputs.

    Raises:
        UnansweredError: the service does not answer.
    """
    cases = artifact.read_json(GOLDEN)
    close = partial(_are_close, tolerance=rounding(case["output"] for case in cases))
    faults: dict[str, None] = {}
    latencies_ms = []
    with closing(service):
        service.wait(cases[0]["input"], wait_s=wait_s)
        for i in range(max(requests, len(cases))):
            number = i % len(cases)
            started = time.perf_counter()
            answer = service.predict(cases[number]["input"])
            latencies_ms.append(1000 * (time.perf_counter() - started))
            expected = predictions[number] if predictions else cases[number]["output"]
            compare = _compare_predictions if predictions else _compare_outputs
            faults |= dict.fromkeys(_check_service(answer, artifact.manifest))
            faults |= dict.fromkeys(compare(answer, artifact.manifest, expected, number, close))
    percentile_ms = sorted(latencies_ms)[math.ceil(0.95 * len(latencies_ms)) - 1]
    if percentile_ms > latency_ms:
        measured = f"95 of 100 answers took up to {percentile_ms:.1f} ms"
        faults[f"{measured}; {latency_ms:g} ms were allowed"] = None
    return list(faults)


def _body(row: Row) -> bytes:
    return json.dumps({"instances": [row]}).encode()


def _check_service(answer: Mapping[str, Any], manifest: Manifest) -> Iterator[str]:
    version = answer.get("model_version")
    if version != manifest.version:
        yield f"model version {version} answers, not {manifest.version}"
    if answer.get("degraded") is not False:
        yield "the service is degraded: the fallback answers, not the model"


def _compare_outputs(
    answer: Mapping[str, Any],
    manifest: Manifest,
    expected: Sequence[float],
    number: int,
    close: Comparison,
) -> Iterator[str]:
    try:
        (prediction,) = answer["predictions"]
        shares = prediction["probabilities"] if manifest.labels else {"": prediction["value"]}
        numbers = [float(shares[label]) for label in manifest.labels or ("",)]
    except (KeyError, TypeError, ValueError):
        yield f"golden case {number} is not answered by one prediction"
        return
    if not close(numbers, list(expected)):
        yield f"golden case {number} is answered by {numbers}, not {list(expected)}"


def _compare_predictions(
    answer: Mapping[str, Any], manifest: Manifest, expected: Any, number: int, close: Comparison
) -> Iterator[str]:
    del manifest
    if not close(answer.get("predictions"), [expected]):
        yield f"golden case {number} is answered by {answer.get('predictions')}, not {[expected]}"


def _are_close(one: Any, other: Any, tolerance: float) -> bool:
    """Return whether two values of JSON are the same but for the rounding of their numbers."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(
            _are_close(one[k], other[k], tolerance) for k in one
        )
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(
            _are_close(*pair, tolerance) for pair in zip(one, other, strict=True)
        )
    if isinstance(one, float) or isinstance(other, float):
        numbers = isinstance(one, int | float) and isinstance(other, int | float)
        return numbers and math.isclose(one, other, rel_tol=ROUNDING, abs_tol=tolerance)
    return bool(one == other)
