"""The formats of files of rows, by their suffixes."""

import re
from typing import Literal

# Behind the name of a file of collected rows: what it was made of. It is no data.
PROVENANCE = ".provenance.json"

# The name of a Parquet column that holds an index of pandas without a name: the rows' numbers.
is_unnamed_index = re.compile(r"__index_level_\d+__").fullmatch

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
