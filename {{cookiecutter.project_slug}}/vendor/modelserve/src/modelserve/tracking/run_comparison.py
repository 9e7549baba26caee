"""Compare training runs: parameters that differ, and which metrics are better."""

import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ..metric_table import info_of
from .run_record import RunRecord

BETTER = " *"  # behind the best value
SHOWN = 12  # characters of a hash


class ComparedRow(NamedTuple):
    """One row of a comparison: a name, and the value of each run."""

    name: str
    values: tuple[str, ...]


def compare_runs(records: Sequence[RunRecord]) -> list[ComparedRow]:
    """Return the origin of some runs, what differs, and their metrics with the best one marked."""
    rows = _rows([_origin(each) for each in records])
    rows += _differences([{"seed": each.seed, **each.parameters} for each in records])
    rows += _differences([each.libraries for each in records])
    names = dict.fromkeys(name for each in records for name in each.metrics)
    return rows + [ComparedRow(name, _mark_best(name, records)) for name in names]


def show_commit(record: RunRecord) -> str:
    """Return the first characters of the commit, and whether files differed from it."""
    return f"{(record.git_commit or '')[:9]}{' dirty' if record.dirty else ''}"


def show(value: object) -> str:
    """Return a value in a cell: empty for none."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def _origin(record: RunRecord) -> dict[str, object]:
    """Return what a run was made of, and how it ended."""
    data = record.data
    return {
        "status": record.status,
        "version": record.version,
        "commit": show_commit(record),
        "data": data.source,
        "data SHA-256": (data.sha256 or "")[:SHOWN],
        "training rows": data.training_rows,
        "test rows": data.test_rows,
        "lock SHA-256": (record.lock_sha256 or "")[:SHOWN],
    }


def _rows(tables: Sequence[Mapping[str, object]]) -> list[ComparedRow]:
    """Return a row for each key of some tables."""
    names = dict.fromkeys(name for table in tables for name in table)
    return [ComparedRow(name, tuple(show(table.get(name)) for table in tables)) for name in names]


def _differences(tables: Sequence[Mapping[str, object]]) -> list[ComparedRow]:
    """Return the keys whose values are not the same in all tables."""
    return [row for row in _rows(tables) if len(set(row.values)) > 1]


def _mark_best(name: str, records: Sequence[RunRecord]) -> tuple[str, ...]:
    """Return a metric of each run; the best one bears a mark if it is better than another."""
    values = [each.metrics.get(name) for each in records]
    known = [value for value in values if value is not None]
    lower = any(name in each.lower_is_better for each in records)
    info = info_of(name)
    better = info.better if info else ("lower" if lower else "higher")
    best = {"lower": min, "higher": max}.get(better or "", lambda _: None)(known)
    differ = len(set(known)) > 1
    return tuple(
        "" if value is None else f"{value:.4f}{BETTER if differ and value == best else ''}"
        for value in values
    )
