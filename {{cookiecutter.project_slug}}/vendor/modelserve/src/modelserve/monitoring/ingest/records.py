"""Parses the records of a data capture: request, response, time and inference id."""

import re
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import compress
from operator import is_, itemgetter
from typing import Any, cast

import numpy as np
from msgspec import ValidationError, convert
from msgspec.json import Decoder
from numpy.typing import NDArray
from pydantic_core import from_json

from ..lines import LineErrors, Values, parse_texts
from .schema import REQUESTS, RESPONSES, CaptureRecord, Event, Side

# The errors that parsing a value of another form can raise.
INVALID = (AttributeError, LookupError, OverflowError, TypeError, ValueError)
UNEXPECTED = "does not have the expected form"
JSON_LINES = "application/jsonlines"
MISSING = re.compile("missing required field `(.+?)`").search  # as msgspec names it
DATE, SIGNS = 10, frozenset("+-")  # characters of a date; signs of a time zone after it
UTC_LENGTHS = frozenset(range(20, 28))  # of times from 2026-11-21T10:00:00Z to microseconds
EARLIEST, LATEST = np.datetime64(datetime.min), np.datetime64(datetime.max)


@dataclass
class Records:
    """Records as columns.

    Args:
        ids: the inference ids.
        event_ids: of the records themselves.
        times_us: microseconds since the epoch, of shape (records,).
        requests: `Request`, other JSON content, CSV text, or of JSON Lines a tuple of values; None
            if the input was not captured.
        responses: `Response`, or likewise.
        attributes: custom ones, as they were captured.
        numbers: of the records' lines.
    """

    ids: list[str] = field(default_factory=list)
    event_ids: list[str] = field(default_factory=list)
    times_us: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    requests: list[Any] = field(default_factory=list)
    responses: list[Any] = field(default_factory=list)
    attributes: list[Any] = field(default_factory=list)
    numbers: Sequence[int] = ()

    def take(self, chosen: NDArray[np.bool_]) -> "Records":
        """Return the records for which `chosen`, of shape (records,), is true."""
        if chosen.all():
            return self
        ids, event_ids, requests, responses, attributes, numbers = (
            list(compress(column, chosen))
            for column in (
                *(self.ids, self.event_ids, self.requests, self.responses),
                *(self.attributes, self.numbers),
            )
        )
        times_us = self.times_us[chosen]
        return Records(ids, event_ids, times_us, requests, responses, attributes, numbers)


def parse_records(lines: Values, file: str, errors: LineErrors) -> Records:
    """Return the records among the values of some lines.

    Args:
        lines: their values.
        file: its name in reported errors.
        errors: counts values that are not records.
    """
    try:
        return to_columns(lines.values, lines.numbers)
    except INVALID:
        pass  # at least one is not a record: parse them one by one
    records = Values([], numbers := [])
    for value, number in zip(lines.values, lines.numbers, strict=True):
        try:
            to_columns([value], [number])
        except INVALID as error:
            errors.add_foreign(file, number, describe(error))
        else:
            records.values.append(value)
            numbers.append(number)
    return to_columns(records.values, records.numbers)


def to_columns(values: Sequence[Any], numbers: Sequence[int]) -> Records:
    """Return values as columns.

    Args:
        values: `CaptureRecord`, or the plain JSON of one.
        numbers: of their lines.

    Raises:
        LookupError: or any other of `INVALID`: a value is not a record.
    """
    records = convert(values, list[CaptureRecord])
    events = [each.event_metadata for each in records]
    captured = [each.capture_data for each in records]
    requests = [each.endpoint_input for each in captured]
    responses = [each.endpoint_output for each in captured]
    if None in requests and any(map(is_, requests, responses)):
        raise ValueError("holds neither an input nor an output")
    ids, event_ids = read_ids(events)
    return Records(
        ids,
        event_ids,
        read_times([event.inference_time for event in events]),
        read_bodies(requests, REQUESTS),
        read_bodies(responses, RESPONSES),
        [event.custom_attributes for event in events],
        numbers,
    )


def read_ids(events: Sequence[Event]) -> tuple[list[str], list[str]]:
    """Return the inference ids, the client's own if it sent one, and the events' ids.

    Raises:
        LookupError: an event has no id.
    """
    ids = [each.inference_id or each.event_id for each in events]
    event_ids = [each.event_id or each.inference_id or "" for each in events]
    if None in ids:
        raise KeyError("eventId")
    return cast(list[str], ids), event_ids


def read_times(texts: Sequence[str]) -> NDArray[np.int64]:
    """Return times as microseconds since the epoch, of shape (times,); without a zone, of UTC.

    Raises:
        ValueError: a text is not a time.
    """
    if (
        set(map(len, texts)) <= UTC_LENGTHS
        and set(map(itemgetter(-1), texts)) <= {"Z"}
        and SIGNS.isdisjoint("".join([text[DATE:] for text in texts]))
    ):
        times = [text[:-1] for text in texts]
    else:
        given = map(datetime.fromisoformat, texts)
        zoned = [time.replace(tzinfo=time.tzinfo or UTC).astimezone(UTC) for time in given]
        times = [time.replace(tzinfo=None).isoformat() for time in zoned]
    moments = np.array(times, dtype="datetime64[us]")
    if ((moments < EARLIEST) | (moments > LATEST)).any():  # numpy knows years that `datetime` lacks
        raise ValueError("has a time outside the years 1 to 9999")
    return moments.astype(np.int64)


def read_bodies(sides: Sequence[Side | None], decoder: Decoder[list[Any]]) -> list[Any]:
    """Return the content of bodies, None for a missing one.

    Of JSON it is the value, of CSV the text, of JSON Lines a tuple of each line's value.

    Args:
        sides: with the bodies.
        decoder: of all bodies, if they are JSON of the usual form.

    Raises:
        ValueError: a body is not JSON, or has an unknown encoding.
    """
    given = [each for each in sides if each is not None]
    if len(given) == len(sides) and {each.encoding for each in given} == {"JSON"}:
        content_types = {each.observed_content_type for each in given}
        if not any(map(_is_json_lines, content_types)):
            return parse_texts([each.data for each in given], decoder)
    return [None if each is None else _read_body(each) for each in sides]


def describe(error: Exception) -> str:
    """Return what is wrong with a value, in words."""
    if isinstance(error, KeyError):
        return f"has no {error}"
    if isinstance(error, ValidationError):
        missing = MISSING(str(error))
        return f"has no '{missing[1]}'" if missing else UNEXPECTED
    return str(error) if isinstance(error, ValueError) else UNEXPECTED


def _is_json_lines(content_type: object) -> bool:
    return str(content_type).partition(";")[0].strip().lower() == JSON_LINES


def _read_body(side: Side) -> Any:
    text, encoding = side.data, side.encoding
    if encoding == "BASE64":
        text = b64decode(text, validate=True).decode()
    elif encoding not in ("CSV", "JSON"):
        raise ValueError("has a body of an unknown encoding")
    if _is_json_lines(side.observed_content_type):
        return tuple(parse_texts([line for line in text.split("\n") if line.strip()]))
    if encoding == "JSON" or (encoding == "BASE64" and text.lstrip()[:1] in ("{", "[")):
        return from_json(text, cache_strings="keys")
    return text
