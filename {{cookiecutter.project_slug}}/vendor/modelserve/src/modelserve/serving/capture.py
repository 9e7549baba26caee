"""Captures requests and responses in the record format of SageMaker's data capture."""

import random
from base64 import b64encode
from collections.abc import Callable, Collection, Sequence
from functools import lru_cache
from itertools import groupby
from time import gmtime, strftime
from typing import Any, NamedTuple

from pydantic_core import from_json, to_json

from ..errors import ConfigurationError
from ..manifest import Manifest
from ..settings import Settings
from .access import ANONYMOUS
from .observers import RequestObserver
from .request_context import RequestContext
from .rotating_writer import HOUR_S, RotatingWriter

JSON = "application/json"
REDACTED = "[redacted]"
CONSUMER = "consumer="  # begins the attribute that names the consumer
METADATA = b'"eventMetadata":{"eventId":"%b",%b"inferenceTime":"%b","inferenceId":"%b"}'


class RecordForm(NamedTuple):
    """What records have in common whose bodies are of the same types, and how these are encoded.

    `template` takes the request, the answer, the event's id, the attributes, the time, and the
    inference id.
    """

    template: bytes
    encode_request: Callable[[bytes], bytes]
    encode_answer: Callable[[bytes], bytes]


class Capture(RequestObserver):
    """Writes a record for each successful prediction request.

    Bodies are captured as they were received and sent, except for redacted fields.

    Args:
        writer: writes the records.
        settings: the share of requests, the captured parts, and their encoding.
    """

    def __init__(self, writer: RotatingWriter, settings: Settings) -> None:
        """Read the settings."""
        self._writer = writer
        self._settings = settings
        self._share = settings.capture_percentage / 100
        self._redacted = frozenset(settings.capture_redact)
        # A request's content type may be anything: the latest few are cached.
        self._form = lru_cache(maxsize=64)(self._make_form)

    def record(self, finished: Sequence[RequestContext]) -> None:
        """Write records of the configured percentage of requests."""
        chosen = [
            each
            for each in finished
            if each.given and (self._share >= 1 or random.random() < self._share)  # noqa: S311
        ]
        for hour, some in groupby(chosen, key=lambda each: each.time // HOUR_S):
            self._writer.add(hour * HOUR_S, *map(self.describe, some))

    def close(self) -> None:
        """Write what is queued, and close the file."""
        self._writer.close()

    def describe(self, finished: RequestContext) -> bytes:
        """Return a request's record, with its newline."""
        body = finished.body
        if self._redacted and self._settings.capture_inputs:
            body = (finished.redact or redact_json)(body, self._redacted)
        form = self._form(finished.content_type, finished.answer_type)
        name = finished.inference_id.encode()
        return form.template % (
            form.encode_request(body),
            form.encode_answer(finished.answer),
            finished.event_id.encode() or name,
            _attributes_of(finished),
            _second(int(finished.time)),
            name,
        )

    def _make_form(self, content_type: bytes, answer_type: bytes) -> RecordForm:
        inputs, outputs = self._settings.capture_inputs, self._settings.capture_outputs
        request, encode_request = self._part("Input", content_type) if inputs else NO_PART
        answer, encode_answer = self._part("Output", answer_type) if outputs else NO_PART
        parts = request + (b"," if inputs and outputs else b"") + answer
        template = b'{"captureData":{' + parts + b"}," + METADATA + b',"eventVersion":"0"}\n'
        return RecordForm(template, encode_request, encode_answer)

    def _part(self, kind: str, header: bytes) -> tuple[bytes, Callable[[bytes], bytes]]:
        """Return the template of a part with this content type, and its encoder."""
        name = header.decode("latin-1").partition(";")[0].strip().lower() or JSON
        encoding, encode = "BASE64", _encode_base64
        if name in self._settings.capture_json_types:
            encoding, encode = "JSON", _encode_text
        elif name in self._settings.capture_csv_types:
            encoding, encode = "CSV", _encode_text
        observed = to_json(name).replace(b"%", b"%%").decode()
        template = (
            f'"endpoint{kind}":{{"observedContentType":{observed},"mode":"{kind.upper()}",'
            f'"data":%b,"encoding":"{encoding}"}}'
        )
        return template.encode(), encode


def _encode_text(data: bytes) -> bytes:
    return to_json(data.decode())


def _encode_base64(data: bytes) -> bytes:
    return b'"' + b64encode(data) + b'"'


NO_PART = (b"%b", lambda _: b"")


def check_redaction(settings: Settings, manifest: Manifest) -> None:
    """Reject names that are not fields of the model: a misspelt field would be captured.

    Raises:
        ConfigurationError: there are such names.
    """
    known = [feature.name for feature in manifest.features]
    if settings.extra_fields == "ignore":
        return  # fields that are ignored are captured all the same, and may have to be redacted
    if wrong := [name for name in settings.capture_redact if name not in known]:
        raise ConfigurationError(
            f"CAPTURE_REDACT names {', '.join(wrong)}; the model's fields are {', '.join(known)}."
        )


def redact_json(body: bytes, names: Collection[str]) -> bytes:
    """Return a JSON body with the values of some fields redacted."""
    return to_json(redact(from_json(body), names))


def redact(content: Any, names: Collection[str]) -> Any:
    """Return a parsed body, {"instances": …}, with the values of some fields redacted."""
    rows = [
        {name: REDACTED if name in names else value for name, value in row.items()}
        for row in content["instances"]
    ]
    return {"instances": rows}


@lru_cache(maxsize=4)
def _second(second: int) -> bytes:
    return strftime("%Y-%m-%dT%H:%M:%SZ", gmtime(second)).encode()


def _attributes_of(finished: RequestContext) -> bytes:
    """Return a request's custom attributes: those of traced ones, with ids, are not cached."""
    if finished.span:
        traceparent = f"traceparent={finished.span.traceparent}"
        return _attributes.__wrapped__(finished.consumer, finished.attributes, traceparent)
    return _attributes(finished.consumer, finished.attributes)


@lru_cache(maxsize=64)
def _attributes(consumer: str, given: bytes, traceparent: str = "") -> bytes:
    """Return the consumer, the span and the caller's own attributes as SageMaker's custom ones.

    `collect` goes by the first one: before a consumer that the caller names, it is the service's.
    """
    own = given.decode("latin-1")
    attributes = [each for each in (traceparent, own) if each]
    if consumer != ANONYMOUS or "".join(attributes[:1]).startswith(CONSUMER):
        attributes.insert(0, f"{CONSUMER}{consumer}")
    return b'"customAttributes":' + to_json(attributes) + b"," if attributes else b""
