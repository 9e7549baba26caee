"""JSON Lines: one row per line, and one prediction per line in the same order."""

import re
from collections.abc import Collection
from itertools import islice

from pydantic_core import from_json, to_json

from ...errors import MalformedError
from ...types import ModelInput, Prediction
from ..capture import redact
from ..codec import JsonCodec
from ..invalid_rows import SMALL_BYTES, check_values, wrong_row_count
from ..schemas import json_fault

LINE = re.compile(rb"\S[^\n]*")  # one that is not empty, from its first character


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
        if len(body) > SMALL_BYTES:
            check_values(body, self._codec.most_values, max_rows=self._codec.max_rows)
        rows = []
        for match in islice(LINE.finditer(body), self._codec.max_rows + 1):
            line = match[0]
            try:
                from_json(line)  # alone: half an object on each of two lines is no row
            except ValueError as error:
                number = body.count(b"\n", 0, match.start()) + 1
                fault = json_fault(line, error)
                raise MalformedError(f"Line {number} is no valid JSON: {fault}.") from error
            rows.append(line)
        if len(rows) > self._codec.max_rows:
            raise wrong_row_count(len(rows), self._codec.max_rows, complete=False)
        return self._codec.decode(b'{"instances":[%b]}' % b",".join(rows))

    def encode(self, given: ModelInput, prediction: Prediction, inference_id: str) -> bytes:
        """Return a line per prediction."""
        del inference_id
        return "".join(f"{row}\n" for row in self._codec.answers(given, prediction)).encode()

    def redact(self, body: bytes, names: Collection[str]) -> bytes:
        """Return a request's body with the values of some fields redacted."""
        rows = redact({"instances": [from_json(line) for line in LINE.findall(body)]}, names)
        return b"".join(to_json(row) + b"\n" for row in rows["instances"])
