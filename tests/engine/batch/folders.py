"""Folders of rows in several files, and what a batch job writes for them."""

import csv
import gzip
import json
from math import isclose
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.engine.batch.files import Row, write_csv, write_lines


def write_files(folder: Path, rows: list[Row]) -> Path:
    """Write rows to files of each format, in the order of the files' names."""
    third = len(rows) // 3
    folder.mkdir()
    write_csv(folder / "a.csv", rows[:third])
    lines = "".join(f"{json.dumps(row)}\n" for row in rows[third : 2 * third])
    (folder / "b.jsonl.gz").write_bytes(gzip.compress(lines.encode(), mtime=0))
    (folder / "day=2").mkdir()
    write_parquet(folder / "day=2" / "c.parquet", rows[2 * third :])
    return folder


def write_parquet(path: Path, rows: list[Row]) -> Path:
    """Write rows to a Parquet file of several groups."""
    pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=7)
    return path


def write_many(folder: Path, rows: list[Row], files: int) -> Path:
    """Write rows to several files of JSON Lines, of which the last one may be empty."""
    folder.mkdir()
    size = -(-len(rows) // files)
    for i in range(files):
        write_lines(folder / f"{i:02d}.jsonl", rows[i * size : (i + 1) * size])
    return folder


def read_parts(folder: Path) -> list[Row]:
    """Return the answers of all shards, one shard after another."""
    return [row for path in sorted(folder.glob("part-*")) for row in read_part(path)]


def read_part(path: Path) -> list[Row]:
    """Return the answers of a shard."""
    if path.suffix == ".parquet":
        answers: list[Any] = pq.read_table(path).to_pylist()
        return answers
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode()
    if ".csv" in path.name:
        return list(csv.DictReader(text.splitlines()))
    return [json.loads(line) for line in text.splitlines()]


def names(folder: Path) -> list[str]:
    """Return the names of all files in a folder, without the digest of the job."""
    found = (path.name for path in folder.iterdir())
    return sorted(
        f"{name.rpartition('-')[0]}.json" if name.startswith("_part") else name for name in found
    )


def same(actual: Any, expected: Any) -> bool:
    """Return whether answers are the same but for the rounding of sums of float32.

    A product of matrices may round a row otherwise among other rows.
    """
    if isinstance(expected, dict):
        return actual.keys() == expected.keys() and all(
            same(actual[key], value) for key, value in expected.items()
        )
    if isinstance(expected, list):
        return len(actual) == len(expected) and all(map(same, actual, expected))
    if isinstance(expected, float):
        return isclose(actual, expected, rel_tol=1e-5, abs_tol=1e-6)
    return bool(actual == expected)
