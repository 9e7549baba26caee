"""Say what each column of a data frame is taken for, and why, and what is wrong with it."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, NamedTuple

import pandas as pd
from pandas.api import types

from ...errors import FieldError
from ..frames import with_columns
from ..reading.notation import beside_numbers, find_misplaced_thousands, find_other_notation
from ..reading.remedies import Finding, Remedy, shorten
from .columns import Signs, find_fault, is_category
from .dtypes import categories_as_texts, convert
from .findings import find_alike, find_identifier, find_leak, find_unlabelled
from .float32 import find_large_numbers
from .large_integers import find_large_integers
from .roles import Roles
from .summary import ColumnSummary, summarise
from .units import find_units

LISTED = 20  # columns in an error
EXAMPLES = 3


class Inspection(NamedTuple):
    """The features and the target of a data frame, and the findings.

    `target` is None where there is no such column; `frame` holds all columns.
    """

    frame: pd.DataFrame
    rows: pd.DataFrame
    target: pd.Series | None
    roles: Roles
    findings: tuple[Finding, ...]

    def columns(self) -> Iterator[ColumnSummary]:
        """Yield a summary of each column, in the data's order."""
        roles = self.roles
        unused = self.frame.columns if roles.text else roles.drop
        named = {str(name): "not used" for name in unused}
        named |= {roles.target: "target"}
        named |= {roles.index: "index"} if roles.index is not None else {}
        named |= {roles.split_column: "[split] column"} if roles.split_column else {}
        named |= {roles.text: "feature"} if roles.text else {}
        for name, column in self.frame.items():
            text = str(name)
            summary = summarise(
                text,
                self.rows.get(text, column),
                named.get(text, "feature"),
                stated=text in roles.dtypes,
            )
            free = summary._replace(dtype="text", reason="a text classifier's input")
            yield free if text == roles.text else summary

    def take(self, kept: pd.Series) -> "Inspection":
        """Return the rows where `kept` is true, of shape (rows,)."""
        target = None if self.target is None else self.target[kept]
        return Inspection(self.frame[kept], self.rows[kept], target, self.roles, self.findings)

    @property
    def errors(self) -> list[FieldError]:
        """Return what training refuses."""
        return [each.error for each in self.findings if each.blocking]

    @property
    def warnings(self) -> tuple[FieldError, ...]:
        """Return what training reports and goes on."""
        return tuple(each.error for each in self.findings if not each.blocking)


def inspect_frame(frame: pd.DataFrame, roles: Roles, found: Sequence[Finding] = ()) -> Inspection:
    """Return the features and the target of a data frame, and everything that is found.

    Args:
        frame: the rows; its names are texts.
        roles: of the columns.
        found: what reading the files found.
    """
    findings = [*_find_unknown_names(frame, roles), *_find_index(frame, roles)]
    aside = {roles.target, roles.index, roles.split_column, *roles.drop}
    names = [each.name for each in roles.features] or frame.columns
    rows = frame[[name for name in names if name in frame and name not in aside]]
    target = frame.get(roles.target)
    nothing = target is not None and rows.columns.empty and not roles.features
    if frame.index.empty or nothing:
        problem = "holds no rows, or no column but the target"
        return Inspection(frame, rows, target, roles, (*findings, Finding("data", problem)))
    stated = {**roles.dtypes, **{each.name: each.dtype for each in roles.features}}
    rows, misfits = _convert(rows, stated, roles.signs)
    of_target: list[Finding] = []
    misread: list[Finding] = []
    if target is not None:
        target, of_target = _convert_target(target, roles)
        misread = _find_notation_of_target(target, roles)
        of_target += misread
        if not roles.features and (alike := find_alike(roles.target, target)):
            of_target.append(alike)
    reported = {each.column for each in found if each.blocking} | {each.column for each in misfits}
    findings += [*misfits, *(each for each in found if each.column not in aside - {roles.target})]
    for name, column in rows.items():
        if name not in reported:
            findings += _find_in_column(str(name), column, target, roles)
    findings += of_target
    if any(map(types.is_float_dtype, rows.dtypes)):
        findings = [*map(beside_numbers, findings)]
    if target is not None and not roles.features and any(each.blocking for each in findings):
        findings += [] if misread else _find_single_rows(target)
    return Inspection(frame, rows, target, roles, tuple(findings))


def _find_unknown_names(frame: pd.DataFrame, roles: Roles) -> Iterator[Finding]:
    """Yield the names that `[data]` has and the data do not."""
    known = [str(name) for name in frame.columns]
    keys = {roles.target: "target"}
    if not roles.features:
        index = [roles.index] if roles.index else []
        for key, names in (("drop", roles.drop), ("index", index), ("dtypes", roles.dtypes)):
            keys |= {name: key for name in names if name not in keys}
    for name, key in keys.items():
        if name not in known:
            listed = ", ".join(known[:LISTED])
            more = f" and {len(known) - LISTED} more" if len(known) > LISTED else ""
            lower = {each.lower().strip(): each for each in known}
            alike = get_close_matches(name.lower().strip(), lower, n=1)
            guess = f"; is it {shorten(lower[alike[0]])}?" if alike else ""
            yield Finding(
                name, f"no such column, and [data] {key} names it; there are {listed}{more}{guess}"
            )


def _find_index(frame: pd.DataFrame, roles: Roles) -> Iterator[Finding]:
    """Yield the levels of an index that look like columns, and are none."""
    for name in () if roles.features else frame.index.names:
        if name is not None and str(name) not in frame:
            problem = (
                "is an index of the data frame, and no feature; write frame.reset_index() in "
                "data.py to make it a column, or frame.reset_index(drop=True) to leave it out"
            )
            yield Finding(str(name), problem, blocking=False)


def _convert(
    rows: pd.DataFrame, stated: Mapping[str, str], signs: Signs
) -> tuple[pd.DataFrame, list[Finding]]:
    """Return the rows in the stated dtypes; objects become what they are."""
    changed: dict[Any, pd.Series] = {}
    misfits = []
    for name, column in rows.items():
        typed = column.convert_dtypes() if column.dtype == object else categories_as_texts(column)
        if dtype := stated.get(str(name)):
            typed, problem = convert(typed, dtype, signs)
            if problem:
                misfits.append(Finding(str(name), problem))
        if typed is not column:
            changed[name] = typed
    return with_columns(rows, changed), misfits


def _convert_target(target: pd.Series, roles: Roles) -> tuple[pd.Series, list[Finding]]:
    """Return the target in its stated dtype, and what is wrong with it."""
    problem = ""
    if dtype := roles.dtypes.get(roles.target):
        target, problem = convert(target, dtype, roles.signs)
    if problem:
        return target, [Finding(roles.target, problem)]
    if large := find_large_numbers(roles.target, target, roles.missing, is_target=True):
        return target, [large]
    if target.isna().any():
        return target, [find_unlabelled(target, dropped=roles.drop_missing_target)]
    return target, []


def _find_notation_of_target(target: pd.Series, roles: Roles) -> list[Finding]:
    """Return that the labels are numbers in another notation, which a regressor would predict."""
    if roles.features or roles.target in roles.dtypes or not is_category(target):
        return []
    found = find_other_notation(roles.target, target, *roles.signs)
    if not found and (found := find_misplaced_thousands(roles.target, target, *roles.signs)):
        return [found]
    if not found and (units := find_units(roles.target, target, numeric=roles.numeric_target)):
        return [units]
    if not found or roles.numeric_target:
        return [found] if found else []
    as_labels = Remedy("dtypes", roles.target, "category", "if these are labels")
    return [found._replace(remedies=(*found.remedies, as_labels))]


def _find_single_rows(target: pd.Series) -> Iterator[Finding]:
    """Yield that labels have one row, which the split refuses after everything else is right."""
    counts = target.value_counts() if is_category(target) else pd.Series(dtype=int)
    if rare := [shorten(label) for label, count in counts.items() if count == 1]:
        listed = ", ".join(rare[:EXAMPLES]) + (", …" if len(rare) > EXAMPLES else "")
        have, these = ("has", "this row") if len(rare) == 1 else ("have", "these rows")
        problem = (
            f"{listed} {have} a single row, and a label needs two or more; "
            f"add rows, or leave {these} out in `load` (data.py)"
        )
        yield Finding(str(target.name), problem)


def _find_in_column(
    name: str, column: pd.Series, target: pd.Series | None, roles: Roles
) -> Iterator[Finding]:
    """Yield what is wrong with a feature; a dtype that is stated was chosen on purpose."""
    stated = name in roles.dtypes or bool(roles.features)
    fault = None
    if not stated and is_category(column):
        fault = find_other_notation(name, column, *roles.signs)
        fault = fault or find_misplaced_thousands(name, column, *roles.signs)
    if not fault:
        fault = find_fault(name, column, stated=stated, missing=roles.missing, signs=roles.signs)
    identifier = None if stated else find_identifier(name, column)
    units = None if stated else find_units(name, column)
    if units and (fault or (identifier and identifier.blocking)):
        yield units._replace(remedies=(Remedy("drop", name),), blocking=True)
    elif fault:
        yield fault
    elif identifier and identifier.blocking:
        yield identifier
    elif not roles.features:
        leak = find_leak(name, column, target) if target is not None and len(target) else None
        large = find_large_integers(name, column, roles.dtypes.get(name, ""))
        found = (units, large, identifier, leak, find_alike(name, column))
        yield from (each for each in found if each)
