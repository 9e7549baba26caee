"""JSON Lines: one row per line, and one prediction per line in the same order."""

from collections.abc import Collection, Iterator

from pydantic_core import from_json, to_json

from ...errors import MalformedError
from ...types import ModelInput, Prediction
from ..capture import redact
from ..codec import JsonCodec


class JsonLinesCodec:
    """Decodes and encodes JSON Lines.

    Args:
        codec: the service's own.
    """

    def __init__(self, codec: JsonCodec) -> None:
        """Delegate rows to the codec."""
        self._codec = codec

    def decode(self, body: bytes) -> ModelInput:
        """Return the tensors of the rows.

        Raises:
            MalformedError: a line is not JSON.
            InvalidInputError: rows or fields are invalid; each is named as in JSON.
        """
        rows = []
        for number, line in _lines(body):
            try:
                from_json(line)  # alone: half an object on each of two lines is no row
            except ValueError as error:
                raise MalformedError(f"Line {number} is no valid JSON: {error}.") from error
            rows.append(line)
        return self._codec.decode(b'{"instances":[%b]}' % b",".join(rows))

    def encode(self, given: ModelInput, prediction: Prediction, inference_id: str) -> bytes:
        """Return a line per prediction."""
        del inference_id
        return "".join(f"{row}\n" for row in self._codec.answers(given, prediction)).encode()

    def redact(self, body: bytes, names: Collection[str]) -> bytes:
        """Return a request's body with the values of some fields redacted."""
        rows = redact({"instances": [from_json(line) for _, line in _lines(body)]}, names)
        return b"".join(to_json(row) + b"\n" for row in rows["instances"])


def _lines(body: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield each line that is not empty, and its number from 1."""
    for number, line in enumerate(body.split(b"\n"), start=1):
        if line.strip():
            yield number, line
