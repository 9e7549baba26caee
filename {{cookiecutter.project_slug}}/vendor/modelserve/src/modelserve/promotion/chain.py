"""The lines of the record of promotions, each of which holds the SHA-256 of the line before it."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

FIRST = "0" * 64  # what the first line states for the line before it
NUMBER, PREVIOUS, SHA256 = "number", "previous", "sha256"
SHOWN = 12  # digits of a hash in a message


class RecordLine(NamedTuple):
    """A line: its number from 1, everything that it says, and its SHA-256."""

    number: int
    content: Mapping[str, Any]
    sha256: str

    @property
    def text(self) -> bytes:
        """Return the line as it is in the file, with its newline."""
        return to_json(self.content) + b"\n"


def to_json(content: Mapping[str, Any]) -> bytes:
    """Return content as ASCII JSON without spaces: the same bytes for the same content."""
    return json.dumps(content, separators=(",", ":"), allow_nan=False).encode("ascii")


def digest(content: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a line's content, without the field that holds it."""
    rest = {name: value for name, value in content.items() if name != SHA256}
    return hashlib.sha256(to_json(rest)).hexdigest()


def next_line(content: Mapping[str, Any], *, after: RecordLine | None) -> RecordLine:
    """Return the line that says something after another one.

    Args:
        content: what the line says; JSON without NaN.
        after: the line before it; None for the first.
    """
    number, previous = (after.number + 1, after.sha256) if after else (1, FIRST)
    whole = {NUMBER: number, PREVIOUS: previous, **content}
    return RecordLine(number, whole | {SHA256: digest(whole)}, digest(whole))


def decode(text: bytes) -> tuple[list[RecordLine], str]:
    """Return the lines of a record up to the first that is wrong, and what is wrong with it.

    Args:
        text: of the file.

    Returns:
        the lines that are right; and a sentence about the next, which is empty if there is none.
    """
    lines: list[RecordLine] = []
    for number, raw in enumerate(text.splitlines(keepends=True), start=1):
        before = lines[-1] if lines else None
        content, fault = _parse(raw)
        fault = fault or _misplaced(content, before)
        if fault:
            return lines, f"line {number} {fault}"
        lines.append(RecordLine(number, content, content[SHA256]))
    return lines, ""


def _parse(raw: bytes) -> tuple[dict[str, Any], str]:
    """Return a line's content, and what is wrong with the line itself."""
    if not raw.endswith(b"\n"):
        return {}, "is incomplete: a write was interrupted, or its end was cut off"
    try:
        content = json.loads(raw)
    except (ValueError, RecursionError):
        return {}, "is no JSON"
    if not isinstance(content, dict) or not isinstance(stated := content.get(SHA256), str):
        return {}, f"is no JSON object with a text {SHA256!r}"
    try:
        actual, same_bytes = digest(content), raw == to_json(content) + b"\n"
    except (ValueError, RecursionError):  # NaN, half of a surrogate pair, or too deep
        return {}, "is no JSON that `promote` writes"
    if actual != stated:
        return {}, f"was changed: its SHA-256 is {actual[:SHOWN]}…, and it states {stated[:SHOWN]}…"
    return content, "" if same_bytes else "was changed: `promote` writes the same otherwise"


def _misplaced(content: Mapping[str, Any], before: RecordLine | None) -> str:
    """Return what is wrong with a line's place after the line before it."""
    number, previous = (before.number + 1, before.sha256) if before else (1, FIRST)
    actual, stated = content.get(NUMBER), content.get(PREVIOUS)
    if (actual, stated) == (number, previous):
        return ""
    if actual != number:
        return (
            f"has the number {str(actual)[:SHOWN]}: a line was removed, inserted or moved, here or "
            "before"
        )
    return (
        f"does not follow the one before it: it states {str(stated)[:SHOWN]}… for its SHA-256, "
        f"which is {previous[:SHOWN]}…; one of the two was rewritten"
    )
