"""The JSON that is read: records of captures, their usual bodies, and ground truths."""

from typing import Any

from msgspec import Struct
from msgspec.json import Decoder


class Side(Struct, rename="camel", gc=False):
    """A request or a response, with its body as text."""

    data: str
    encoding: str
    observed_content_type: Any = None


class Captured(Struct, rename="camel", gc=False):
    """What was captured, None for a side that was not."""

    endpoint_input: Side | None = None
    endpoint_output: Side | None = None


class Event(Struct, rename="camel", gc=False):
    """When, and under which names."""

    inference_time: str
    inference_id: str | None = None
    event_id: str | None = None
    custom_attributes: Any = None


class CaptureRecord(Struct, rename="camel", gc=False):
    """A line of a capture."""

    event_metadata: Event
    capture_data: Captured


class Request(Struct, gc=False):
    """A body of `/predict`."""

    instances: list[dict[str, Any]]


class Response(Struct, gc=False):
    """An answer of `/predict`."""

    predictions: list[dict[str, Any]]
    model_name: str
    model_version: str
    degraded: bool
    warnings: Any = ()


class TruthData(Struct, gc=False):
    """A ground truth in some encoding."""

    data: Any
    encoding: Any


class TruthEvent(Struct, rename="camel", gc=False):
    """The row that a ground truth is of."""

    event_id: str
    row: Any = 0
    group: Any = None


class Truth(Struct, rename="camel", gc=False):
    """A line of ground truth."""

    event_metadata: TruthEvent
    ground_truth_data: TruthData


RECORD, TRUTH = Decoder(CaptureRecord), Decoder(Truth)
REQUESTS, RESPONSES = Decoder(list[Request]), Decoder(list[Response])
