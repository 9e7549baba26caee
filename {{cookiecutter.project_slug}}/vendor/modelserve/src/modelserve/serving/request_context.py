"""One request: its ids, headers, timing and outcome."""

import os
import re
import time
from collections.abc import Callable, Collection, Iterator
from typing import TYPE_CHECKING, Any

from starlette.types import Scope

from ..types import ModelInput, Prediction
from .access import ANONYMOUS

if TYPE_CHECKING:
    from .tracing.request_span import RequestSpan

ID = re.compile(r"[0-9a-f]{32}").fullmatch
SAFE_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}").fullmatch
# The ids of a trace and of its client's span, which are not zero, and the flags.
# W3C Trace Context: a later version may have more behind its flags, version 00 has not.
TRACE = re.compile(
    rb"(?!ff|00.{54})[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})"
    rb"(?:-.*)?"
).fullmatch
ATTRIBUTES = b"x-amzn-sagemaker-custom-attributes"  # what SageMaker passes on of its caller
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def new_ids(worker: str = "") -> Iterator[str]:
    """Yield ids of 32 hexadecimal digits: 12 of the time in ms since the epoch, 20 random ones.

    So an id in feedback dates its prediction, and names its worker: one of several workers has
    chosen the first four random digits at its start. Randomness is read for many ids at a time.

    Args:
        worker: its four digits; "" for the only process.
    """
    latest_ms, head, size = 0, "", 20 - len(worker)
    while True:
        digits = os.urandom(2_560).hex()
        for i in range(0, len(digits), size):
            if (now_ms := time.time_ns() // 1_000_000) != latest_ms:
                latest_ms, head = now_ms, f"{now_ms:012x}{worker}"
            yield head + digits[i : i + size]


def worker_of(inference_id: str) -> str:
    """Return the digits that name the worker, if several made ids; "" for what is no id."""
    return inference_id[12:16] if ID(inference_id) else ""


class RequestContext:
    """A request, from its headers to its outcome.

    Args:
        scope: the request, as ASGI has it.
        inference_id: of its predictions.
    """

    route = "unmatched"
    consumer = ANONYMOUS
    status = 500
    rows = 0
    model_seconds = seconds = time = 0.0
    degraded = False
    error = reason = ""
    event_id = ""  # of the request's capture, if the client chose the inference id
    trace = ""
    span: "RequestSpan | None" = None  # of a request that is traced
    batch = (0, 0)  # requests and rows of the model's call, if it joins them
    given: ModelInput | None = None
    prediction: Prediction | None = None
    exchange: Any = None  # what a negotiator remembers until it returns the headers
    body = answer = content_type = attributes = b""
    answer_type = b""  # JSON if empty
    # Redacts fields of a body by name; None for JSON.
    redact: Callable[[bytes, Collection[str]], bytes] | None = None

    def __init__(self, scope: Scope, inference_id: str) -> None:
        """Start the clock; use the client's request id if it is a plain one."""
        self.started = time.perf_counter()
        self.method = scope["method"] if scope["method"] in METHODS else "OTHER"
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        self.request_id = self.inference_id = inference_id
        given = self.headers.get(b"x-request-id")
        if given and SAFE_ID(given):
            self.request_id = given.decode()

    def keep(self, given: ModelInput, prediction: Prediction, body: bytes, answer: bytes) -> None:
        """Keep the request and its answer for the observers.

        Args:
            given: the rows as the model took them.
            prediction: its outputs.
            body: of the request.
            answer: the body of the response.
        """
        self.given, self.prediction, self.body, self.answer = given, prediction, body, answer
        self.rows, self.degraded = given.rows, prediction.degraded
        self.attributes = self.headers.get(ATTRIBUTES, b"")

    def finish(self) -> None:
        """Set `seconds`, the duration, and `time`, since the epoch.

        The headers are dropped, so that queued requests stay small.
        """
        self.seconds = time.perf_counter() - self.started
        self.time = time.time()
        parent = self.headers.get(b"traceparent")
        if parent and (trace := TRACE(parent)):
            self.trace = trace[1].decode()
        del self.headers
