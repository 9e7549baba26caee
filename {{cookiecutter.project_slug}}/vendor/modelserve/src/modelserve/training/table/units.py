"""Find texts that are numbers with a percent sign, a currency or a unit."""

import re

import pandas as pd

from ..reading.remedies import Finding, Remedy, counted, shorten
from .columns import NEARLY_ALL, is_category

MIN_DISTINCT = 3
MAX_UNITS = 2  # more are names, such as 1a, 2b, 3c
LISTED = 3  # values in a warning
WAY_OUT = "make numbers of them in `load` (data.py)"
ORDINALS = {"st", "nd", "rd", "th"}

NUMBER = r"[+-]?\d+([., ']\d{3})*([.,]\d+)?"
CODES = "AUD|BRL|CAD|CHF|CNY|EUR|GBP|INR|JPY|MXN|USD"
CURRENCY = rf"(?:[A-Z]{{0,3}}[$€£¥₹₩₽]|{CODES})"
UNIT = r"(?:[^\W\d_]|[%‰°µ$€£¥₹₩₽\"'])[^\s\d]{0,11}"
MEASURE = re.compile(
    rf"(?P<sign>{CURRENCY})\s*{NUMBER}|{NUMBER}(?P<space>\s*)(?P<unit>{UNIT})"
).fullmatch
PLAIN = re.compile(NUMBER).fullmatch


def find_units(name: str, column: pd.Series, *, numeric: bool = False) -> Finding | None:
    """Return that nearly all texts of a column are numbers with a unit.

    They are refused in a `numeric` column; in another they may be names.
    """
    if not (problem := describe_units(column)):
        return None
    if numeric:
        return Finding(name, f"{problem}: {WAY_OUT}")
    problem = f"{problem}; the model sees names without an order: {WAY_OUT}"
    keep = Remedy("dtypes", name, "category", "if they are names")
    return Finding(name, problem, (keep,), blocking=False)


def describe_units(column: pd.Series) -> str:
    """Return what numbers with a unit nearly all texts of a column are; empty if they are none."""
    if not is_category(column):
        return ""
    counts = column.astype("string").str.strip().value_counts()
    units = {str(text): _unit_of(str(text)) for text in counts.index}
    measures = [text for text, unit in units.items() if unit]
    if len(measures) < MIN_DISTINCT or len(set(filter(None, units.values()))) > MAX_UNITS:
        return ""
    numbers = [text for text in units if units[text] or PLAIN(text)]
    rows = int(counts.sum())
    if counts[measures].sum() * 2 < rows or counts[numbers].sum() < NEARLY_ALL * rows:
        return ""
    listed = ", ".join(map(shorten, measures[:LISTED]))
    return (
        f"holds {counted(len(units), 'different text')} that are numbers with a unit, such as "
        f"{listed}"
    )


def _unit_of(text: str) -> str:
    """Return the unit of a number, in lower case; empty for another text."""
    found = MEASURE(text)
    if not found:
        return ""
    if sign := found["sign"]:
        return sign.lower()
    unit = found["unit"].lower()
    # 12A is a seat and 5G a network, 1.5k a number.
    is_code = len(unit) == 1 and unit.isascii() and unit.isalpha() and not found["space"]
    if unit in ORDINALS or (is_code and not re.search(r"[.,]", text)):
        return ""
    return unit
