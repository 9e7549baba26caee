"""Captures requests and responses in the record format of SageMaker's data capture."""

import random
from base64 import b64encode
from collections.abc import Callable, Collection, Sequence
from functools import lru_cache
from operator import attrgetter
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
KIND = attrgetter("content_type", "answer_type", "consumer", "attributes")


RecordKind = tuple[bytes, bytes, str, bytes]  # types of the bodies, consumer, its attributes


class RecordForm(NamedTuple):
    """What some records have in common, and how their bodies are encoded.

    `template` takes the request, the answer, and the ids of the event and of the inference.
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
        # A request's headers may be anything: the latest few forms are cached.
        self._form = lru_cache(maxsize=64)(self._make_form)
        self._body_form = lru_cache(maxsize=64)(self._make_body_form)

    def record(self, finished: Sequence[RequestContext]) -> None:
        """Write records of the configured percentage of requests."""
        chosen = [
            each
            for each in finished
            if each.given and (self._share >= 1 or random.random() < self._share)  # noqa: S311
        ]
        hours = {each.time // HOUR_S for each in chosen}
        for hour in sorted(hours):
            some = chosen if len(hours) == 1 else [x for x in chosen if x.time // HOUR_S == hour]
            self._writer.add(hour * HOUR_S, *map(self.describe, some))

    def close(self) -> None:
        """Write what is queued, and close the file."""
        self._writer.close()

    def describe(self, finished: RequestContext) -> bytes:
        """Return a request's record, with its newline."""
        body = finished.body
        if self._redacted and self._settings.capture_inputs:
            body = (finished.redact or redact_json)(body, self._redacted)
        kind, second = KIND(finished), int(finished.time)
        template, encode_request, encode_answer = (
            self._make_form(kind, second, f"traceparent={finished.span.traceparent}")
            if finished.span  # its ids are in no other record
            else self._form(kind, second)
        )
        name = finished.inference_id.encode()
        event = finished.event_id.encode() or name
        return template % (encode_request(body), encode_answer(finished.answer), event, name)

    def _make_form(self, kind: RecordKind, second: int, traceparent: str = "") -> RecordForm:
        """Return what records of one second have in common."""
        content_type, answer_type, consumer, given = kind
        bodies = self._body_form(content_type, answer_type)
        attributes = _attributes(consumer, given, traceparent).replace(b"%", b"%%")
        time = strftime("%Y-%m-%dT%H:%M:%SZ", gmtime(second)).encode()
        event = b'"eventMetadata":{"eventId":"%%b",%b"inferenceTime":"%b","inferenceId":"%%b"}'
        template = bodies.template + event % (attributes, time) + b',"eventVersion":"0"}\n'
        return bodies._replace(template=template)

    def _make_body_form(self, content_type: bytes, answer_type: bytes) -> RecordForm:
        inputs, outputs = self._settings.capture_inputs, self._settings.capture_outputs
        request, encode_request = self._part("Input", content_type) if inputs else NO_PART
        answer, encode_answer = self._part("Output", answer_type) if outputs else NO_PART
        parts = request + (b"," if inputs and outputs else b"") + answer
        return RecordForm(b'{"captureData":{%b},' % parts, encode_request, encode_answer)

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


def _attributes(consumer: str, given: bytes, traceparent: str) -> bytes:
    """Return the consumer, the span and the caller's own attributes as SageMaker's custom ones.

    `collect` goes by the first one: before a consumer that the caller names, it is the service's.
    """
    own = given.decode("latin-1")
    attributes = [each for each in (traceparent, own) if each]
    if consumer != ANONYMOUS or "".join(attributes[:1]).startswith(CONSUMER):
        attributes.insert(0, f"{CONSUMER}{consumer}")
    return b'"customAttributes":' + to_json(attributes) + b"," if attributes else b""
