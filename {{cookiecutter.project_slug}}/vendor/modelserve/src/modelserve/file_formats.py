"""The formats of files of rows, by their suffixes."""

from typing import Literal

# Behind the name of a file of collected rows: what it was made of. It is no data.
PROVENANCE = ".provenance.json"

FileFormat = Literal["csv", "jsonl", "parquet"]

SUFFIXES: dict[str, FileFormat] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".json": "jsonl",
    ".jsonl": "jsonl",
    ".jsonlines": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
}
