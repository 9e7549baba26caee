"""The files of a batch job: in local folders, or in an object store by its URL."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import IO, BinaryIO, cast
from uuid import uuid4

from ..errors import MalformedError
from .stored_files import (
    OutputFolder,
    StoredFile,
    choose_data,
    has_wildcards,
    is_hidden,
    literal_parent,
)
from .streams import STANDARD

URL, LOCAL_URL = "://", "file://"
PART, DIGITS = ".part", 12  # the end of a partial file's name, and random digits before it


class LocalFolder:
    """A folder of this machine, or of a volume that machines share.

    Args:
        path: of the folder; it is created with its first file.
    """

    def __init__(self, path: Path) -> None:
        """Keep the path."""
        self._path = path

    def sizes(self) -> Mapping[str, int]:
        """Return the sizes in bytes of the files by their names; nothing without a folder."""
        if not self._path.is_dir():
            return {}
        sizes = {}
        with os.scandir(self._path) as entries:
            for each in entries:
                with suppress(FileNotFoundError):  # another shard's, renamed meanwhile
                    if each.is_file():
                        sizes[each.name] = each.stat().st_size
        return sizes

    def read(self, name: str) -> bytes:
        """Return the content of a file."""
        return (self._path / name).read_bytes()

    @contextmanager
    def create(self, name: str) -> Iterator[IO[bytes]]:
        """Open a file that appears once the context ends, and never after an error."""
        self._path.mkdir(parents=True, exist_ok=True)
        # A scheduler may start a task twice: each process writes a file of its own.
        partial_path = self._path / f".{name}.{uuid4().hex[:DIGITS]}{PART}"
        try:
            with partial_path.open("xb") as stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
            partial_path.replace(self._path / name)
        finally:
            partial_path.unlink(missing_ok=True)

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        (self._path / name).unlink(missing_ok=True)

    def sweep(self) -> None:
        """Remove what killed processes left."""
        for path in self._path.glob(f".*.{'[0-9a-f]' * DIGITS}{PART}"):
            path.unlink(missing_ok=True)


def open_folder(place: str) -> OutputFolder:
    """Return a folder of answers.

    Args:
        place: a path, or a URL.

    Raises:
        ConfigurationError: a library for the URL is missing.
    """
    if is_remote(place):
        from .object_storage import RemoteFolder  # pylint: disable=import-outside-toplevel

        return RemoteFolder(place)
    return LocalFolder(local_path(place))


def writes_folder(source: str, output: str) -> bool:
    """Return whether the answers to a source are files in a folder, and not one file."""
    if STANDARD in (Path(source), Path(output)):
        return False
    remote = URL in source or URL in output
    return remote or output.endswith("/") or Path(output).is_dir() or is_several(source)


def is_remote(place: str) -> bool:
    """Return whether a place is a URL that is not one of this machine."""
    return URL in place and not place.startswith(LOCAL_URL)


def local_path(place: str) -> Path:
    """Return the path of a place of this machine."""
    return Path(place.removeprefix(LOCAL_URL))


def is_several(place: str) -> bool:
    """Return whether a source is a folder or a pattern, and not one file."""
    if is_remote(place):
        from .object_storage import is_folder  # pylint: disable=import-outside-toplevel

        return has_wildcards(place) or is_folder(place)
    path = local_path(place)
    return path.is_dir() or (has_wildcards(place) and not path.exists())


def overlap(source: str, output: str, files: Sequence[StoredFile]) -> bool:
    """Return whether a folder of answers has files of the source, or will have some.

    Args:
        source: a file, a folder or a pattern.
        output: a folder.
        files: that the source has now.
    """
    if is_remote(source) != is_remote(output) or not is_several(source):
        return False
    is_pattern = has_wildcards(source) and not local_path(source).is_dir()
    root, folder = (
        place.rstrip("/") if is_remote(place) else local_path(place).resolve().as_posix()
        for place in (literal_parent(source) if is_pattern else source, output)
    )
    if not f"{folder}/".startswith(f"{root}/"):
        return False
    inside = f"{folder}/".removeprefix(f"{root}/")
    return not is_pattern or any(each.name.startswith(inside) for each in files)


def find_files(source: str) -> list[StoredFile]:
    """Return the files of a source by their names.

    Args:
        source: a file, a folder, or a pattern with `*`, `?`, `[` or `**`; a path or a URL. Names
            below it that begin with `.` or `_` are skipped.

    Raises:
        ConfigurationError: a library for the URL is missing.
        MalformedError: there are no such files, or a folder has files of another kind.
    """
    if is_remote(source):
        from .object_storage import find_remote  # pylint: disable=import-outside-toplevel

        found = find_remote(source)
    else:
        found = _find_local(local_path(source))
    if not found:
        raise MalformedError(f"{source} has no files of rows; check the path, or the pattern.")
    return sorted(found)


def _find_local(path: Path) -> list[StoredFile]:
    if path.is_dir():
        names = [each.relative_to(path).as_posix() for each in path.rglob("*") if each.is_file()]
        return [_stored(path, name) for name in choose_data(names, str(path))]
    if path.exists() or not has_wildcards(str(path)):
        return [_stored(path.parent, path.name)]
    root = Path(literal_parent(path.as_posix()))
    pattern = path.relative_to(root).as_posix() if root != Path() else path.as_posix()
    names = [each.relative_to(root).as_posix() for each in root.glob(pattern) if each.is_file()]
    return [_stored(root, name) for name in names if not is_hidden(name)]


def _stored(root: Path, name: str) -> StoredFile:
    path = root / name
    status = path.stat()
    return StoredFile(name, status.st_size, str(status.st_mtime_ns), partial(_open_local, path))


def _open_local(path: Path) -> BinaryIO:
    return cast(BinaryIO, path.open("rb", buffering=0))
