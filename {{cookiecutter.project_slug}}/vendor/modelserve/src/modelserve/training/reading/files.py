"""Find the files that a path, a folder or a pattern names, and open them."""

import gzip
from collections.abc import Iterator
from pathlib import Path

from ...errors import FieldError, InvalidInputError
from ...file_formats import PROVENANCE, SUFFIXES, FileFormat

Paths = Path | tuple[Path, ...]

GZIP = b"\x1f\x8b"


def format_of(path: Path) -> FileFormat | None:
    """Return the format that a file's suffix names, before a last ".gz"; None if it names none."""
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() != ".gz"]
    return SUFFIXES.get(suffixes[-1]) if suffixes else None


def find_files(paths: tuple[Path, ...], file_format: FileFormat | None) -> list[Path]:
    """Return the files of paths, folders and patterns, in the order of their names in each.

    A folder has the files with a known suffix, or with a format all files that are not hidden.

    Raises:
        InvalidInputError: a path names no file; each is named.
    """
    found: list[Path] = []
    errors = []
    for path in paths:
        files = sorted(_files_of(path, file_format))
        if not files:
            errors.append(FieldError(str(path), _missing(path)))
        found += files
    if errors:
        raise InvalidInputError(errors)
    return list(dict.fromkeys(found))


def _files_of(path: Path, file_format: FileFormat | None) -> Iterator[Path]:
    if path.is_dir():
        for file in path.iterdir():
            if file.is_file() and not _is_aside(file) and (file_format or format_of(file)):
                yield file
    elif path.exists():
        yield path
    elif any(sign in str(path) for sign in "*?["):
        anchor = Path(path.anchor)
        pattern = path.relative_to(anchor) if path.anchor else path
        found = (file for file in anchor.glob(str(pattern)) if file.is_file())
        yield from (file for file in found if not file.name.endswith(PROVENANCE))


def _is_aside(file: Path) -> bool:
    """Return whether a file of a folder is hidden, or says what another was made of."""
    return file.name.startswith((".", "_")) or file.name.endswith(PROVENANCE)


def _missing(path: Path) -> str:
    if path.is_dir():
        return f"cannot be read: the folder has no file that ends in {', '.join(SUFFIXES)}"
    if any(sign in str(path) for sign in "*?["):
        return "cannot be read: no file fits this pattern"
    return "cannot be read: no such file or folder"


def read_bytes(path: Path) -> bytes:
    """Return a file's content, decompressed if it is gzip.

    Raises:
        InvalidInputError: the file cannot be read.
    """
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if content.startswith(GZIP) else content
    except (OSError, EOFError) as error:
        raise unreadable(path, error) from error


def unreadable(path: Path, error: Exception | str) -> InvalidInputError:
    """Return the error of a file that cannot be read."""
    return InvalidInputError([FieldError(str(path), f"cannot be read: {error}")])
