"""Verify the record of promotions: its chain, a known head, and the model that is served."""

from pathlib import Path

from .. import artifact
from ..errors import ArtifactError
from .chain import SHOWN, RecordLine
from .decisions import CANDIDATE, hash_in, last_served, pending, relative
from .record import read_record
from .switch import manifest_hash


def verify(path: Path, target: Path, head: str | None = None) -> tuple[list[RecordLine], str]:
    """Return the lines of a record, and what is wrong first; an empty text if nothing is.

    Args:
        path: of the record.
        target: the served model's folder.
        head: the SHA-256 of a line that was seen before.

    Raises:
        RecordError: the file cannot be read.
    """
    lines, fault = read_record(path)
    if fault:
        return lines, f"{path}: {fault}"
    if head is not None and head not in {line.sha256 for line in lines}:
        return lines, (
            f"{path}: no line has the SHA-256 {head[:SHOWN]}…: lines that were there are missing, "
            "or were rewritten"
        )
    if line := pending(lines):
        return lines, (
            f"{path}: line {line.number} approves a promotion whose end is not recorded; "
            "`promotions --recover` brings it to its end"
        )
    return lines, _compare_with_served(lines, path, target)


def is_unpromoted(lines: list[RecordLine], path: Path, target: Path) -> bool:
    """Return whether the served model is one that no line promoted, as `train` leaves it."""
    return last_served(lines, relative(target, path)) is None and manifest_hash(target) is not None


def _compare_with_served(lines: list[RecordLine], path: Path, target: Path) -> str:
    """Return how the served model differs from the last that was promoted."""
    line = last_served(lines, relative(target, path))
    held = manifest_hash(target)
    if line is None:
        unknown = held and not lines  # after refusals alone, nothing has been promoted yet
        return f"{target} holds a model that no line of {path} promoted" if unknown else ""
    where = f"line {line.number} promoted"
    if held is None:
        return f"{target} holds no model, and {where} one"
    if held != hash_in(line.content, CANDIDATE):
        return f"{target} holds another model than {where}: it was replaced otherwise"
    try:
        artifact.load(target)
    except ArtifactError as error:
        return str(error)
    return ""
