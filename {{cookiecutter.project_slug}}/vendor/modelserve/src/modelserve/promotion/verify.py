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


def _compare_with_served(lines: list[RecordLine], path: Path, target: Path) -> str:
    """Return how the served model differs from the last that was promoted."""
    line = last_served(lines, relative(target, path))
    held = manifest_hash(target)
    if line is None:
        return f"{target} holds a model that no line of {path} promoted" if held else ""
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
