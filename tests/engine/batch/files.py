"""Files of rows, and of answers."""

import csv
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from modelserve.batch import BatchPredictor

Row = dict[str, Any]


def write_csv(path: Path, rows: list[Row], encoding: str = "utf-8") -> Path:
    """Write rows under a line with the columns' names."""
    with path.open("w", encoding=encoding, newline="") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def write_lines(path: Path, values: Iterable[Any], encoding: str = "utf-8") -> Path:
    """Write a JSON value a line."""
    path.write_text("".join(f"{json.dumps(value)}\n" for value in values), encoding=encoding)
    return path


def read(path: Path) -> list[Row]:
    """Return the JSON objects of a file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def rejected(output: Path) -> Path:
    """Return where the rejected rows are."""
    return output.with_name(f"{output.name}.rejected")


def answers(batch: BatchPredictor, rows: list[Row]) -> list[Row]:
    """Return what the service would answer, each with its row's number."""
    response = json.loads(batch.answer(json.dumps({"instances": rows}).encode(), "id"))
    return [{"row": number} | answer for number, answer in enumerate(response["predictions"])]
