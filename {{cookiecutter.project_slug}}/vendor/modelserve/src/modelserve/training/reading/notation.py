"""Recognise numbers in another notation: other signs before a fraction and between thousands."""

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from ...thousands import WHERE, make_check
from .remedies import Finding, Remedy, quote, shorten

POINTS = re.compile(r"[+-]?(\d+|\d{1,3}(,\d{3})+)(\.\d+)?").fullmatch
COMMAS = re.compile(r"[+-]?(\d+|\d{1,3}(\.\d{3})+)(,\d+)?").fullmatch
PLAIN = re.compile(r"[+-]?\d*\.?\d+").fullmatch

NEARLY_ALL = 0.9  # of the different values
IN_LOAD = "convert it in `load` (data.py)"
ALL_SO = f"if all columns are written so; {IN_LOAD} otherwise"


def find_other_notation(
    name: str, column: pd.Series, decimal: str, thousands: str | None = None
) -> Finding | None:
    """Return in which other notation a column of texts holds numbers, or None if it does not.

    Args:
        name: of the column.
        column: its texts; they are numbers if more than half of the different ones are.
        decimal: the sign before a fraction that is stated.
        thousands: the sign between thousands that is stated, if any.
    """
    texts = [str(value).strip() for value in column.dropna().unique()]
    values = [text for text in texts if POINTS(text) or COMMAS(text) or PLAIN(text)]
    if len(values) * 2 <= len(texts):
        return None
    kind, signs = _find_signs(values, decimal)
    if not signs or signs[0] == ("", thousands):
        return None
    if thousands and signs[0][0] == thousands:
        return _find_swapped(name, values, kind, decimal, thousands)
    shown = shorten(next(value for value in values if re.search(r"[.,]", value)))
    conditions = (
        ("if the comma separates thousands", "if it begins the fraction") if signs[1:] else ("",)
    )
    ways = (
        Remedy("notation", name, each, when) for each, when in zip(signs, conditions, strict=True)
    )
    return Finding(name, f"holds {kind} such as {shown}", tuple(ways))


def _find_swapped(
    name: str, values: Sequence[str], kind: str, decimal: str, thousands: str
) -> Finding | None:
    """Return that most signs between thousands begin fractions; None if a few do."""
    signed = [value for value in values if thousands in value]
    misplaced = [*filter(make_check(thousands, decimal), signed)]
    if len(misplaced) * 2 <= len(signed):
        return None
    way = Remedy("notation", name, (thousands, decimal), ALL_SO)
    return Finding(name, f"holds {kind} such as {shorten(misplaced[0])}", (way,))


def beside_numbers(finding: Finding) -> Finding:
    """Return a finding in a table that has fractions already: they would have another sign."""
    remedies = [
        way._replace(when=ALL_SO)
        if way.key == "notation" and way.value[0] and not way.when
        else way
        for way in finding.remedies
    ]
    return finding._replace(remedies=tuple(remedies))


def find_misplaced_thousands(
    name: str, column: pd.Series, decimal: str, thousands: str | None
) -> Finding | None:
    """Return that values of a column have the sign between thousands elsewhere.

    Args:
        name: of the column.
        column: its texts; they are numbers if more than half of the different ones are.
        decimal: the sign before a fraction.
        thousands: the sign between thousands that is stated, if any.
    """
    if thousands is None:
        return None
    point = re.escape(decimal)
    is_number = re.compile(rf"[+-]?(\d+({point}\d*)?|{point}\d+)").fullmatch
    sign = re.escape(thousands)
    date = rf"\s*((\d{{1,2}}{sign}){{2}}\d{{2}}(\d{{2}})?|\d{{4}}({sign}\d{{1,2}}){{2}})\s*"
    texts = [str(value) for value in column.dropna().unique()]
    numbers = [
        text
        for text in texts
        if is_number(text.strip().replace(thousands, "")) and not re.fullmatch(date, text)
    ]
    misplaced = [*filter(make_check(thousands, decimal), numbers)]
    if not misplaced or len(numbers) * 2 <= len(texts):
        return None
    places = column.isin(misplaced).to_numpy(dtype=np.bool_).nonzero()[0]
    more = f" ({len(places)} such values)" if len(places) > 1 else ""
    problem = (
        f"row {places[0] + 1}: {shorten(column.iloc[places[0]])} is no number "
        f"{WHERE.format(sign=quote(thousands))}{more}; correct the file, or {IN_LOAD}"
    )
    return Finding(name, problem)


def _find_signs(values: Sequence[str], decimal: str) -> tuple[str, list[tuple[str, str]]]:
    """Return the kind of numbers, and the decimal and thousands signs to state: all that fit.

    A few values in another notation are named once the signs are stated.
    """
    kind, signs = _signs_of(values, decimal)
    for fits in () if signs else (POINTS, COMMAS):
        fitting = [*filter(fits, values)]
        if not signs and len(fitting) >= NEARLY_ALL * len(values):
            kind, signs = _signs_of(fitting, decimal)
    return kind, signs


def _signs_of(values: Sequence[str], decimal: str) -> tuple[str, list[tuple[str, str]]]:
    """Return the same by the signs that fit every value."""
    comma, dot = (any(sign in value for value in values) for sign in ",.")
    by_points, by_commas = all(map(POINTS, values)), all(map(COMMAS, values))
    if decimal == ",":
        if by_commas and dot:
            return "numbers", [("", ".")]
        plain = dot and all(map(PLAIN, values))
        return "numbers with a decimal point", [(".", "")] if plain else []
    if comma and by_points:
        return "numbers", [("", ","), (",", "")] if by_commas else [("", ",")]
    if comma and by_commas:
        return "numbers with a decimal comma", [(",", "." if dot else "")]
    grouped = by_commas and any(value.count(".") > 1 for value in values)
    return "numbers", [(",", ".")] if grouped else []
