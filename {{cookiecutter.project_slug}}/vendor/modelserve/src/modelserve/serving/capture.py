"""Keeps what was asked and answered, in the records that SageMaker's data capture writes."""

import random
from base64 import b64encode
from collections.abc import Collection, Sequence
from functools import lru_cache
from itertools import groupby
from time import gmtime, strftime
from typing import Any

from pydantic_core import from_json, to_json

from ..artifact import Manifest
from ..errors import ConfigurationError
from ..settings import Settings
from .access import ANONYMOUS
from .observers import RequestObserver
from .request_context import RequestContext
from .rotating_writer import HOUR_S, RotatingWriter

JSON = "application/json"
REDACTED = "[redacted]"
RECORD = (
    b'{"captureData":{'
    b'%b},"eventMetadata":{"eventId":"%b",%b"inferenceTime":"%b",'
    b'"inferenceId":"%b"},"eventVersion":"0"}\n'
)


class Capture(RequestObserver):
    """A recorder of answered requests.

    The bodies are taken as they were sent and received: nothing is encoded twice, but for fields
    that must not be kept.

    Args:
        spool: takes the records' lines.
        settings: which part is captured of how many requests, and how it is encoded.
    """

    def __init__(self, spool: RotatingWriter, settings: Settings) -> None:
        """Read what may be kept."""
        self._spool = spool
        self._settings = settings
        self._share = settings.capture_percentage / 100
        self._redacted = frozenset(settings.capture_redact)
        # A request's type may be anything: the latest few are remembered.
        self._describe_type = lru_cache(maxsize=64)(self._type)

    def record(self, finished: Sequence[RequestContext]) -> None:
        """Hand answered requests to the spool, as many of them as the percentage says."""
        chosen = [
            each
            for each in finished
            if each.given and (self._share >= 1 or random.random() < self._share)  # noqa: S311
        ]
        for hour, some in groupby(chosen, key=lambda each: each.time // HOUR_S):
            self._spool.add(hour * HOUR_S, *map(self.describe, some))

    def close(self) -> None:
        """Write what waits."""
        self._spool.close()

    def describe(self, finished: RequestContext) -> bytes:
        """Return a request's record, with its newline."""
        parts = []
        if self._settings.capture_inputs:
            body = finished.body
            if self._redacted:
                body = (finished.redact or redact_json)(body, self._redacted)
            parts.append(b'"endpointInput":' + self._part("INPUT", finished.content_type, body))
        if self._settings.capture_outputs:
            answered = self._part("OUTPUT", finished.answer_type, finished.answer)
            parts.append(b'"endpointOutput":' + answered)
        name = finished.inference_id.encode()
        return RECORD % (
            b",".join(parts),
            name,
            _attributes(finished.consumer, finished.attributes),
            _second(int(finished.time)),
            name,
        )

    def _part(self, mode: str, content_type: bytes, data: bytes) -> bytes:
        head, encoding = self._describe_type(mode, content_type)
        text = b'"' + b64encode(data) + b'"' if encoding == b"BASE64" else to_json(data.decode())
        return b'%b%b,"encoding":"%b"}' % (head, text, encoding)

    def _type(self, mode: str, header: bytes) -> tuple[bytes, bytes]:
        """Return how a part begins whose content type is this, JSON if not given; its encoding."""
        name = header.decode("latin-1").partition(";")[0].strip().lower() or JSON
        encoding = b"BASE64"
        if name in self._settings.capture_json_types:
            encoding = b"JSON"
        elif name in self._settings.capture_csv_types:
            encoding = b"CSV"
        kind = to_json(name).decode()
        return f'{{"observedContentType":{kind},"mode":"{mode}","data":'.encode(), encoding


def check_redaction(settings: Settings, manifest: Manifest) -> None:
    """Refuse names that are none of the model's fields: a misspelt one would be kept.

    Raises:
        ConfigurationError: there are such names.
    """
    known = [feature.name for feature in manifest.features]
    if wrong := [name for name in settings.capture_redact if name not in known]:
        raise ConfigurationError(
            f"CAPTURE_REDACT names {', '.join(wrong)}; the model's fields are {', '.join(known)}."
        )


def redact_json(body: bytes, names: Collection[str]) -> bytes:
    """Return a request's JSON with something else in the place of what must not be kept."""
    return to_json(redact(from_json(body), names))


def redact(content: Any, names: Collection[str]) -> Any:
    """Return a request's content with something else in the place of what must not be kept.

    Args:
        content: {"instances": …}, or the Open Inference Protocol's {"inputs": …}, whose tensors
            hold many fields in one: there, nothing but names and shapes is kept.
        names: of the fields.
    """
    if "inputs" in content:
        tensors = [
            {name: each[name] for name in ("name", "shape", "datatype")} | {"data": REDACTED}
            for each in content["inputs"]
        ]
        return {"inputs": tensors}
    rows = [
        {name: REDACTED if name in names else value for name, value in row.items()}
        for row in content["instances"]
    ]
    return {"instances": rows}


@lru_cache(maxsize=4)
def _second(second: int) -> bytes:
    return strftime("%Y-%m-%dT%H:%M:%SZ", gmtime(second)).encode()


@lru_cache(maxsize=64)
def _attributes(consumer: str, given: bytes) -> bytes:
    """Return who asked, as SageMaker's custom attributes, with those that were given to it."""
    told = [f"consumer={consumer}"] if consumer != ANONYMOUS else []
    if given:
        told.append(given.decode("latin-1"))
    return b'"customAttributes":' + to_json(told) + b"," if told else b""
