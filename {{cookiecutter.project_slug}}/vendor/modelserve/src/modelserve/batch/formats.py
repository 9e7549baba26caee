"""Choose the reader of a file's format."""

from ..manifest import Manifest
from .csv_source import CsvSource
from .json_source import JsonLinesSource
from .streams import InputStream
from .tables import Keep, Source


def open_rows(stream: InputStream, manifest: Manifest, *, keep: Keep) -> Source:
    """Return the rows of a file.

    Args:
        stream: of the file.
        manifest: of the model, which has the fields and the dialect.
        keep: which columns the output repeats.

    Raises:
        ConfigurationError: a library for the file's format is missing.
        MalformedError: the file is not what its name says, or lacks a field.
    """
    if stream.format == "csv":
        return CsvSource(stream, manifest, keep=keep)
    if stream.format == "jsonl":
        return JsonLinesSource(stream, manifest, keep=keep)
    from .parquet import ParquetSource  # pylint: disable=import-outside-toplevel

    return ParquetSource(stream, manifest, keep=keep)
