"""`/invocations`: codecs by content type, and the headers of SageMaker."""

import re
from collections.abc import Callable, Collection
from functools import lru_cache
from typing import NamedTuple

from ...types import Codec, ModelInput, Prediction
from ..components import Components
from ..problems import Headers
from ..request_context import ATTRIBUTES, SAFE_ID, RequestContext
from .content_types import CSV, JSON, JSON_LINES, choose_answer, read_content_type
from .csv_codec import CsvCodec
from .json_lines import JsonLinesCodec

INFERENCE_ID = b"x-amzn-sagemaker-inference-id"
LONGEST = 512  # characters of the version, of the 1,024 that the attributes may have in all
INVISIBLE = re.compile("[^!-~]|;")

Redact = Callable[[bytes, Collection[str]], bytes]


class ContentType(NamedTuple):
    """A content type: its codec, and the function that redacts its bodies."""

    codec: Codec
    redact: Redact | None = None


class CodecPair:
    """A codec that decodes one content type and encodes another.

    Args:
        asked: decodes.
        answered: encodes.
        answer_type: of what is encoded.
    """

    def __init__(self, asked: ContentType, answered: ContentType, answer_type: str) -> None:
        """Combine both."""
        self._asked = asked.codec
        self._answered = answered.codec
        self.redact = asked.redact
        # Without a charset: SageMaker's capture compares the whole header with its list of types.
        self.answer_type = answer_type.encode()

    def decode(self, body: bytes) -> ModelInput:
        """Return the tensors of a body, or raise a RequestError."""
        return self._asked.decode(body)

    def encode(self, given: ModelInput, prediction: Prediction, inference_id: str) -> bytes:
        """Return the body of the response."""
        return self._answered.encode(given, prediction, inference_id)


class Invocations:
    """Chooses codecs by a request's headers, and returns the headers of its response.

    Args:
        components: its codec, its limits, and the model's version.
    """

    def __init__(self, components: Components) -> None:
        """Create the codecs."""
        by_comma = CsvCodec(components.codec, max_rows=components.settings.max_rows)
        by_line = JsonLinesCodec(components.codec)
        self._content_types = {
            JSON: ContentType(components.codec),
            CSV: ContentType(by_comma, by_comma.redact),
            JSON_LINES: ContentType(by_line, by_line.redact),
        }
        self._version = INVISIBLE.sub("_", components.manifest.version)[:LONGEST]
        # A header may be anything: the latest few are cached.
        self._find = lru_cache(maxsize=64)(self._pair)

    def choose(self, context: RequestContext) -> CodecPair:
        """Return the codecs of a request, and use the caller's inference id.

        Raises:
            ContentTypeError: the body's type is not supported.
            AcceptError: no supported type is accepted.
        """
        headers = context.headers
        context.content_type = headers.get(b"content-type", b"")
        pair = self._find(context.content_type, headers.get(b"accept", b""))
        context.answer_type, context.redact = pair.answer_type, pair.redact
        given = headers.get(INFERENCE_ID)
        if given and SAFE_ID(given):
            context.event_id, context.inference_id = context.inference_id, given.decode()
        return pair

    def head(self, context: RequestContext) -> Headers:
        """Return a response's headers, with the facts that CSV has no place for."""
        attributes = [
            f"model_version={self._version}",
            f"inference_id={context.inference_id}",
            f"degraded={str(context.degraded).lower()}",
        ]
        warnings = len(context.given.warnings) if context.given else 0
        if warnings := warnings + (len(context.prediction.invalid) if context.prediction else 0):
            attributes.append(f"warnings={warnings}")
        return [(b"content-type", context.answer_type), (ATTRIBUTES, ";".join(attributes).encode())]

    def _pair(self, content_type: bytes, accept: bytes) -> CodecPair:
        answer_type = choose_answer(accept)
        asked = self._content_types[read_content_type(content_type)]
        return CodecPair(asked, self._content_types[answer_type], answer_type)
