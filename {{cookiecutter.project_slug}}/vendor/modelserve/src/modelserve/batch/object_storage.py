"""The files of a batch job in an object store, by the URLs that fsspec knows."""

# pylint: disable=import-outside-toplevel
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from posixpath import basename
from typing import IO, Any, BinaryIO, cast

from ..errors import ConfigurationError, MalformedError, ServiceError
from .stored_files import StoredFile, choose_data, has_wildcards, is_hidden, literal_parent

# What changes with a file's content, in the words of S3, Google Cloud Storage, Azure and others.
VERSIONS = ("ETag", "etag", "generation", "LastModified", "mtime", "updated", "created")


class RemoteFolder:
    """A prefix of an object store.

    A file appears when its upload is completed. Uploads that a killed process has begun stay
    invisible: let a lifecycle rule of the bucket abort them.

    Args:
        place: its URL.

    Raises:
        ConfigurationError: a library for the URL is missing.
    """

    def __init__(self, place: str) -> None:
        """Connect."""
        self._place = place
        self._files, path = connect(place)
        self._path = path.rstrip("/")

    def sizes(self) -> Mapping[str, int]:
        """Return the sizes in bytes of the files by their names; nothing without a folder."""
        with _errors_of(self._place), suppress(FileNotFoundError):
            self._files.invalidate_cache()
            listed = self._files.ls(self._path, detail=True)
            return {basename(each["name"]): each["size"] for each in listed if _is_file(each)}
        return {}

    def read(self, name: str) -> bytes:
        """Return the content of a file."""
        with _errors_of(self._place):
            content: bytes = self._files.cat_file(f"{self._path}/{name}")
            return content

    @contextmanager
    def create(self, name: str) -> Iterator[IO[bytes]]:
        """Open a file that appears once the context ends, and never after an error."""
        with _errors_of(self._place):
            stream = self._files.open(f"{self._path}/{name}", "wb", autocommit=False)
        try:
            yield stream
            with _errors_of(self._place):
                stream.close()
        except BaseException:
            for abandon in (stream.close, stream.discard):
                with suppress(Exception):  # the first error is the one to report
                    abandon()
            raise
        with _errors_of(self._place):
            stream.commit()

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        with _errors_of(self._place), suppress(FileNotFoundError):
            self._files.rm_file(f"{self._path}/{name}")

    def sweep(self) -> None:
        """Leave all as it is: what a killed process has begun to upload is no file."""


def connect(place: str) -> tuple[Any, str]:
    """Return the file system of a URL, and the path in it.

    Raises:
        ConfigurationError: a library for the URL is missing.
    """
    try:
        from fsspec.core import url_to_fs
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"fsspec is not installed, which {place} needs; in pyproject.toml, add storage to the "
            "brackets behind modelserve, and s3fs or gcsfs for S3 or Google Cloud Storage."
        ) from error
    try:
        files, path = url_to_fs(place)
    except (ImportError, ValueError) as error:  # the message names the package
        raise ConfigurationError(
            f"{place} cannot be opened: {error}. Check the URL, and add the package for it to "
            "pyproject.toml."
        ) from error
    except Exception as error:
        raise _unreadable(place, error) from error
    return files, cast(str, path)


def is_folder(place: str) -> bool:
    """Return whether a URL is one of a folder, and not of one file."""
    files, path = connect(place)
    with _errors_of(place):
        return not files.isfile(path)


def find_remote(source: str) -> list[StoredFile]:
    """Return the files of a source: a file, a folder, or a pattern.

    Args:
        source: its URL.

    Raises:
        ConfigurationError: a library for the URL is missing.
        MalformedError: it cannot be listed, or a folder has files of another kind.
    """
    files, path = connect(source)
    with _errors_of(source):
        files.invalidate_cache()
        if has_wildcards(path):
            root, listed = literal_parent(path), files.glob(path, detail=True)
        elif files.isfile(path):
            root, listed = path.rpartition("/")[0], {path: files.info(path)}
        else:
            root, listed = path.rstrip("/"), files.find(path, detail=True)
    found = {
        name.removeprefix(root).lstrip("/"): (name, each)
        for name, each in listed.items()
        if _is_file(each)
    }
    names = list(found)
    if has_wildcards(path):
        names = [name for name in names if not is_hidden(name)]
    elif path not in listed:
        names = choose_data(names, source)
    return [_stored(files, name, *found[name]) for name in names]


def _stored(files: Any, name: str, path: str, details: Mapping[str, Any]) -> StoredFile:
    version = next((str(details[key]) for key in VERSIONS if details.get(key)), "")
    return StoredFile(name, details["size"], version, partial(_open, files, path))


def _open(files: Any, path: str) -> BinaryIO:
    with _errors_of(path):
        return cast(BinaryIO, files.open(path, "rb"))


def _is_file(details: Mapping[str, Any]) -> bool:
    return details["type"] == "file" and not details["name"].endswith("/")


@contextmanager
def _errors_of(place: str) -> Iterator[None]:
    """Report the errors of a file system, each of which has exceptions of its own."""
    try:
        yield
    except (OSError, ServiceError):
        raise
    except Exception as error:
        raise _unreadable(place, error) from error


def _unreadable(place: str, error: Exception) -> MalformedError:
    reason = f"{type(error).__name__}: {error}"
    return MalformedError(f"{place} cannot be reached: {reason:.300}. Check the credentials.")
