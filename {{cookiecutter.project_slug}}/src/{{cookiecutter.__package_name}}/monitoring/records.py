"""Records of a data capture: what was asked, what was answered, when, and under which name."""

from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from operator import is_, itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic_core import from_json

from .lines import Faults, Values, parse_texts

# What goes wrong with a value that is no record, whatever it is.
FOREIGN = (AttributeError, LookupError, OverflowError, TypeError, ValueError)
JSON_LINES = "application/jsonlines"
PLAIN_TIME = frozenset(range(20, 28))  # characters, from 2026-11-21T10:00:00Z to microseconds


@dataclass
class Records:
    """Records, column by column.

    Args:
        ids: the inference ids.
        times_us: microseconds since the epoch, of shape (records,).
        asked: JSON content, CSV text, or of JSON Lines a tuple of values; None where the input was
            not captured.
        answered: the same of the output.
        numbers: the records' lines.
    """

    ids: list[str] = field(default_factory=list)
    times_us: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    asked: list[Any] = field(default_factory=list)
    answered: list[Any] = field(default_factory=list)
    numbers: Sequence[int] = ()


def sift(found: Values, file: str, faults: Faults) -> Records:
    """Return what there is of records among some values.

    Args:
        found: the values of some lines.
        file: where they stand.
        faults: are told of values that are no records.
    """
    try:
        return columns(found.values, found.numbers)
    except FOREIGN:
        pass  # one by one, then
    kept = Values([], numbers := [])
    for value, number in zip(found.values, found.numbers, strict=True):
        try:
            columns([value], [number])
        except FOREIGN as error:
            faults.note_foreign(file, number, word(error))
        else:
            kept.values.append(value)
            numbers.append(number)
    return columns(kept.values, kept.numbers)


def columns(values: Sequence[Any], numbers: Sequence[int]) -> Records:
    """Return values as records.

    Raises:
        LookupError: one of them, or any other of `FOREIGN`, for a value that is no record.
    """
    events = [value["eventMetadata"] for value in values]
    captured = [value["captureData"] for value in values]
    asked = [each.get("endpointInput") for each in captured]
    answered = [each.get("endpointOutput") for each in captured]
    if None in asked and any(map(is_, asked, answered)):
        raise ValueError("holds neither an input nor an output")
    return Records(
        read_ids(events),
        read_times([event["inferenceTime"] for event in events]),
        read_bodies(asked),
        read_bodies(answered),
        numbers,
    )


def read_ids(events: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the names of answers; the client may have given one of its own.

    Raises:
        LookupError: there is none.
        TypeError: one is no text.
    """
    ids = [event.get("inferenceId") or event["eventId"] for event in events]
    if set(map(type, ids)) - {str}:
        raise TypeError
    return ids


def read_times(texts: Sequence[str]) -> NDArray[np.int64]:
    """Return times as microseconds since the epoch, of shape (times,).

    Raises:
        ValueError: one of them is no time.
    """
    if set(map(len, texts)) <= PLAIN_TIME and set(map(itemgetter(-1), texts)) <= {"Z"}:
        plain = [text[:-1] for text in texts]
    else:
        plain = [
            datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None).isoformat()
            for text in texts
        ]
    return np.array(plain, dtype="datetime64[us]").astype(np.int64)


def read_bodies(sides: Sequence[Any]) -> list[Any]:
    """Return the content of bodies, None where there is none.

    Of JSON it is the values, of CSV the text, of JSON Lines a tuple of each line's values.

    Raises:
        ValueError: a body is no JSON, or encoded in an unknown way.
    """
    if None not in sides and {each["encoding"] for each in sides} == {"JSON"}:
        kinds = {each.get("observedContentType") for each in sides}
        if not any(map(_has_lines, kinds)):
            return parse_texts([each["data"] for each in sides])
    return [None if each is None else _read_body(each) for each in sides]


def word(error: Exception) -> str:
    """Return in words what is wrong with a value."""
    if isinstance(error, KeyError):
        return f"has no {error}"
    return str(error) if isinstance(error, ValueError) else "is none of the expected form"


def _has_lines(content_type: object) -> bool:
    return str(content_type).partition(";")[0].strip().lower() == JSON_LINES


def _read_body(side: Mapping[str, Any]) -> Any:
    text: str = side["data"]
    encoding = side["encoding"]
    if encoding == "BASE64":
        text = b64decode(text, validate=True).decode()
    elif encoding != "JSON" and (encoding != "CSV" or not isinstance(text, str)):
        raise ValueError("has a body of an unknown encoding")
    if _has_lines(side.get("observedContentType")):
        return tuple(parse_texts([line for line in text.split("\n") if line.strip()]))
    if encoding == "JSON" or (encoding == "BASE64" and text.lstrip()[:1] in ("{", "[")):
        return from_json(text, cache_strings="keys")
    return text
