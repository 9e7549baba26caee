"""The span of one sampled request, while it is under way."""

import time
from random import getrandbits

from ...types import Codec, ModelInput, Prediction


class RequestSpan:
    """The ids of a request's span, and the times of its parts by `time.perf_counter`.

    Args:
        trace_id: 32 hexadecimal digits.
        parent_id: 16 hexadecimal digits of the client's span; "" for a new trace.
        state: the client's `tracestate`.
    """

    __slots__ = (
        "decoded",
        "decoding",
        "encoded",
        "encoding",
        "parent_id",
        "span_id",
        "state",
        "trace_id",
    )

    def __init__(self, trace_id: str, parent_id: str = "", state: bytes = b"") -> None:
        """Draw the span's own id."""
        self.trace_id, self.parent_id, self.state = trace_id, parent_id, state
        self.span_id = new_id(64)
        self.decoding = self.decoded = self.encoding = self.encoded = 0.0

    @property
    def traceparent(self) -> str:
        """Return the span as the header of this name has it."""
        return f"00-{self.trace_id}-{self.span_id}-01"


class TimedCodec:
    """A codec for one request, whose span takes the times.

    Args:
        codec: decodes and encodes.
        span: of the request.
    """

    def __init__(self, codec: Codec, span: RequestSpan) -> None:
        """Note both."""
        self._codec, self._span = codec, span

    def decode(self, body: bytes) -> ModelInput:
        """Decode a request's body; it has begun, even if it fails.

        Raises:
            RequestError: as the codec's.
        """
        self._span.decoding = time.perf_counter()
        given = self._codec.decode(body)
        self._span.decoded = time.perf_counter()
        return given

    def encode(self, given: ModelInput, prediction: Prediction, inference_id: str) -> bytes:
        """Encode an answer."""
        self._span.encoding = time.perf_counter()
        answer = self._codec.encode(given, prediction, inference_id)
        self._span.encoded = time.perf_counter()
        return answer


def new_id(bits: int) -> str:
    """Return a random id, never zero, in hexadecimal."""
    return f"{getrandbits(bits) or 1:0{bits // 4}x}"
