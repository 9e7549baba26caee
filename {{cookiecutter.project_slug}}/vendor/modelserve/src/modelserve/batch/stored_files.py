"""The names, the files and the folders of a batch job, wherever they are stored."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import PurePosixPath
from typing import IO, BinaryIO, NamedTuple, Protocol

from ..errors import MalformedError
from ..file_formats import SUFFIXES
from .streams import suffix_of

HIDDEN = (".", "_")  # what a name begins with that is no data, as for Spark and pyarrow
SHOWN = 5  # files that an error names
WILDCARDS = frozenset("*?[")


class StoredFile(NamedTuple):
    """A file of rows: its name within the source, its size, and what changes with its content."""

    name: str
    size_bytes: int
    version: str
    open: Callable[[], BinaryIO]


class OutputFolder(Protocol):
    """A folder of answers."""

    def sizes(self) -> Mapping[str, int]:
        """Return the sizes in bytes of the files by their names; nothing without a folder."""

    def read(self, name: str) -> bytes:
        """Return the content of a file."""

    def create(self, name: str) -> AbstractContextManager[IO[bytes]]:
        """Open a file that appears once the context ends, and never after an error."""

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""

    def sweep(self) -> None:
        """Remove what killed processes left."""


def has_wildcards(place: str) -> bool:
    """Return whether a place is a pattern."""
    return not WILDCARDS.isdisjoint(place)


def literal_parent(pattern: str) -> str:
    """Return the folder of a pattern that has no wildcards itself."""
    parts = pattern.split("/")
    first = next(i for i, part in enumerate(parts) if has_wildcards(part))
    return "/".join(parts[:first]) or ("/" if pattern.startswith("/") else ".")


def is_hidden(name: str) -> bool:
    """Return whether a file, or a folder of it, has a name that marks it as no data."""
    return any(part.startswith(HIDDEN) for part in name.split("/"))


def choose_data(names: list[str], folder: str) -> list[str]:
    """Return the names of files of rows in a folder.

    Raises:
        MalformedError: there are others, which nobody should miss.
    """
    chosen = [name for name in names if not is_hidden(name)]
    others = [name for name in sorted(chosen) if suffix_of(PurePosixPath(name)) not in SUFFIXES]
    if others:
        more = f" and {len(others) - SHOWN} more" if len(others) > SHOWN else ""
        raise MalformedError(
            f"{folder} has files that are neither CSV, JSON Lines nor Parquet by their names: "
            f"{', '.join(name[:60] for name in others[:SHOWN])}{more}. "
            f"Move them, or choose files by a pattern, such as '{folder.rstrip('/')}/*.csv'."
        )
    return chosen
