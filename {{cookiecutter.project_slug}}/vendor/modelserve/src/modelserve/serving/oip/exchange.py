"""One inference request and its response, either of which may have tensors in binary."""

from collections.abc import Mapping
from typing import Any

from ...types import ModelInput, Prediction
from ..problems import Headers
from ..request_context import RequestContext
from .binary import LENGTH, SIZE, write_array
from .codec import InferenceCodec, describe

JSON, BINARY = b"application/json", b"application/octet-stream"


class InferenceExchange:
    """Decodes a request, and encodes the response as the request wants it.

    Args:
        codec: of the model.
        header: the size of the request's JSON; None without binary tensors.
    """

    def __init__(self, codec: InferenceCodec, header: bytes | None) -> None:
        """Have read nothing yet."""
        self._codec = codec
        self._header = header
        self._binary: frozenset[str] = frozenset()
        self._json_bytes = 0
        self._plain_request = self._plain_response = b""  # if they differ from what was sent

    def decode(self, body: bytes) -> ModelInput:
        """Return the tensors of a request.

        Raises:
            MalformedError, InvalidInputError: as `RequestReader.read`.
        """
        inference = self._codec.reader.read(body, self._header)
        self._binary = inference.binary
        if not inference.plain:
            self._plain_request = self._codec.write_inputs(inference.tensors)
        return inference.given

    def encode(self, given: ModelInput, prediction: Prediction, inference_id: str) -> bytes:
        """Return the response: its JSON, and behind it the outputs that are wanted in binary."""
        outputs = self._codec.outputs(given, prediction)
        plain = [describe(*output) for output in outputs]
        text = self._codec.write(given, prediction, inference_id, plain)
        if self._binary.isdisjoint(tensor.name for tensor, _ in outputs):
            return text
        self._plain_response = text
        arrays = [
            write_array(array, tensor.datatype) if tensor.name in self._binary else None
            for tensor, array in outputs
        ]
        sized = [
            each if array is None else _without_data(each, len(array))
            for each, array in zip(plain, arrays, strict=True)
        ]
        text = self._codec.write(given, prediction, inference_id, sized)
        self._json_bytes = len(text)
        return b"".join([text, *filter(None, arrays)])

    def head(self, context: RequestContext) -> Headers:
        """Return the response's headers; leave the observers both sides in plain JSON."""
        if self._plain_request:
            context.body, context.content_type = self._plain_request, JSON
        if not self._plain_response:
            return [(b"content-type", JSON)]
        context.answer = self._plain_response
        return [(b"content-type", BINARY), (LENGTH, str(self._json_bytes).encode())]


class InferenceNegotiator:
    """Returns an exchange for each request.

    Args:
        codec: of the model.
    """

    def __init__(self, codec: InferenceCodec) -> None:
        """Keep the codec."""
        self._codec = codec

    def choose(self, context: RequestContext) -> InferenceExchange:
        """Return the exchange of a request."""
        exchange = InferenceExchange(self._codec, context.headers.get(LENGTH))
        context.exchange, context.redact = exchange, self._codec.redact
        return exchange

    def head(self, context: RequestContext) -> Headers:
        """Return a response's headers."""
        exchange: InferenceExchange = context.exchange
        context.exchange = None
        return exchange.head(context)


def _without_data(described: Mapping[str, Any], size: int) -> dict[str, Any]:
    """Return a tensor whose array of a size follows the JSON."""
    about = {name: value for name, value in described.items() if name != "data"}
    return about | {"parameters": {SIZE: size}}
