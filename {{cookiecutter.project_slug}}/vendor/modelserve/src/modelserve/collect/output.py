"""The file of rows and its provenance: both are written completely, or not at all."""

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..artifact import sha256, to_text
from ..errors import CollectionError
from ..file_formats import PROVENANCE
from .formats import RowFormat


class CollectedFile:
    """A file of collected rows, with its provenance beside it.

    Args:
        path: of the rows.
        force: whether to replace any file.

    Raises:
        CollectionError: the file exists, and is not as it was collected.
    """

    def __init__(self, path: Path, *, force: bool = False) -> None:
        """Check that nothing of somebody else's is replaced."""
        self.path = path
        self.provenance = path.with_name(f"{path.name}{PROVENANCE}")
        if path.is_dir():
            raise CollectionError(f"{path} is a folder; name a file, such as {path / 'new.csv'}.")
        if path.exists() and not force and _recorded(self.provenance) != sha256(path):
            raise CollectionError(
                f"{path} exists, and is no file of collected rows or was changed since; name "
                "another file, or replace it with --force."
            )

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """Yield an empty folder on the same disk, and remove it at the end.

        Raises:
            CollectionError: it cannot be created.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(
                dir=self.path.parent, prefix=f".{self.path.name}-", ignore_cleanup_errors=True
            ) as folder:
                yield Path(folder)
        except OSError as error:
            raise CollectionError(f"{self.path} cannot be written: {error}") from error

    def write(
        self,
        scratch: Path,
        parts: list[Path],
        row_format: RowFormat,
        provenance: Mapping[str, Any],
    ) -> None:
        """Replace the file and its provenance.

        Args:
            scratch: a folder on the same disk.
            parts: with the rows.
            row_format: of the rows.
            provenance: of the rows; the SHA-256 of the file is added.

        Raises:
            CollectionError: the rows cannot be written in this format.
            OSError: the disk rejects it.
        """
        rows, about = scratch / "rows", scratch / "provenance"
        with rows.open("wb") as stream:
            row_format.join(parts, stream)
        content = {"file": self.path.name, "sha256": sha256(rows), **provenance}
        about.write_bytes(to_text(content))
        about.replace(self.provenance)
        rows.replace(self.path)


def _recorded(provenance: Path) -> str | None:
    """Return the SHA-256 of the rows as they were collected, None if it is not known."""
    try:
        recorded = json.loads(provenance.read_bytes())["sha256"]
    except (OSError, LookupError, TypeError, ValueError):
        return None
    return recorded if isinstance(recorded, str) else None
