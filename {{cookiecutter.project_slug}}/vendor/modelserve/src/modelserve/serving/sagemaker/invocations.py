"""How SageMaker asks for predictions: the headers of `/invocations`, and of its answers."""

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


class Form(NamedTuple):
    """A content type: its codec, and what takes from a body of it what must not be kept."""

    codec: Codec
    redact: Redact | None = None


class Conversation:
    """A codec that is asked in one content type and answers in another.

    Args:
        asked: decodes.
        answered: encodes.
        answer_type: of what is encoded.
    """

    def __init__(self, asked: Form, answered: Form, answer_type: str) -> None:
        """Keep both."""
        self._asked = asked.codec
        self._answered = answered.codec
        self.redact = asked.redact
        # Without a charset: SageMaker's capture compares the whole header with its list of types.
        self.answer_type = answer_type.encode()

    def decode(self, body: bytes) -> ModelInput:
        """Return the arrays that a body stands for, or raise a RequestError."""
        return self._asked.decode(body)

    def encode(self, given: ModelInput, prediction: Prediction, inference_id: str) -> bytes:
        """Return the body of the response."""
        return self._answered.encode(given, prediction, inference_id)


class Invocations:
    """Chooses by a request's headers, and heads its answer.

    Args:
        components: its codec, its limits, and the model's version.
    """

    def __init__(self, components: Components) -> None:
        """Make the codecs."""
        by_comma = CsvCodec(components.codec, max_rows=components.settings.max_rows)
        by_line = JsonLinesCodec(components.codec)
        self._forms = {
            JSON: Form(components.codec),
            CSV: Form(by_comma, by_comma.redact),
            JSON_LINES: Form(by_line, by_line.redact),
        }
        self._version = INVISIBLE.sub("_", components.manifest.version)[:LONGEST]
        # A header may be anything: the latest few are remembered.
        self._find = lru_cache(maxsize=64)(self._converse)

    def choose(self, context: RequestContext) -> Conversation:
        """Return how a request is asked and answered; its answer bears the caller's own name.

        Raises:
            ContentTypeError: the body is of another type than is read here.
            AcceptError: the answer is wanted in another than can be given.
        """
        headers = context.headers
        found = self._find(headers.get(b"content-type", b""), headers.get(b"accept", b""))
        context.answer_type, context.redact = found.answer_type, found.redact
        given = headers.get(INFERENCE_ID)
        if given and SAFE_ID(given):
            context.inference_id = given.decode()
        return found

    def head(self, context: RequestContext) -> Headers:
        """Return an answer's headers, which tell what CSV has no place for."""
        told = [
            f"model_version={self._version}",
            f"inference_id={context.inference_id}",
            f"degraded={str(context.degraded).lower()}",
        ]
        if context.given and context.given.warnings:
            told.append(f"warnings={len(context.given.warnings)}")
        return [(b"content-type", context.answer_type), (ATTRIBUTES, ";".join(told).encode())]

    def _converse(self, content_type: bytes, accept: bytes) -> Conversation:
        answer_type = choose_answer(accept)
        asked = self._forms[read_content_type(content_type)]
        return Conversation(asked, self._forms[answer_type], answer_type)
