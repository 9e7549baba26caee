"""One request: what is known of it while it is under way, and kept of it once it is over."""

import os
import re
import time
from collections.abc import Iterator

from starlette.types import Scope

from .access import ANONYMOUS

SAFE_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}").fullmatch
TRACE = re.compile(rb"00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}").fullmatch
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def random_ids() -> Iterator[str]:
    """Yield random names of 32 hexadecimal digits; the system is asked for 256 at a time."""
    while True:
        digits = os.urandom(4_096).hex()
        for i in range(0, len(digits), 32):
            yield digits[i : i + 32]


class Exchange:
    """A request, its names, its clock, and what becomes of it.

    Args:
        scope: the request, as ASGI has it.
        inference_id: a name for its answer.
    """

    route = "unmatched"
    consumer = ANONYMOUS
    status = 500
    rows = 0
    model_seconds = seconds = time = 0.0
    degraded = False
    error = ""
    trace = ""

    def __init__(self, scope: Scope, inference_id: str) -> None:
        """Start the clock; take the client's request id where it is a plain one."""
        self.started = time.perf_counter()
        self.method = scope["method"] if scope["method"] in METHODS else "OTHER"
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        self.request_id = self.inference_id = inference_id
        given = self.headers.get(b"x-request-id")
        if given and SAFE_ID(given):
            self.request_id = given.decode()

    def finish(self) -> None:
        """Stop the clock: `seconds` it took, and the `time` it is, since the epoch.

        What waits in a queue from here on is small: the headers go.
        """
        self.seconds = time.perf_counter() - self.started
        self.time = time.time()
        parent = self.headers.get(b"traceparent")
        if parent and (trace := TRACE(parent)):
            self.trace = trace[1].decode()
        del self.headers
