"""Recognise numbers that another decimal or thousands separator turned into texts."""

import re

import pandas as pd

from .remedies import Finding, shorten

POINTS = re.compile(r"[+-]?(\d+|\d{1,3}(,\d{3})+)(\.\d+)?").fullmatch
COMMAS = re.compile(r"[+-]?(\d+|\d{1,3}(\.\d{3})+)(,\d+)?").fullmatch
PLAIN = re.compile(r"[+-]?\d*\.?\d+").fullmatch


def find_other_notation(name: str, column: pd.Series, decimal: str) -> Finding | None:
    """Return in which other notation a column of texts holds numbers, or None if it does not."""
    values = [str(value).strip() for value in column.dropna().unique()]
    if not values or not any(sign.isdigit() for sign in values[0]):
        return None
    shown = shorten(next((value for value in values if re.search(r"[.,]", value)), values[0]))
    comma, dot = (any(sign in value for value in values) for sign in ",.")
    by_points, by_commas = all(map(POINTS, values)), all(map(COMMAS, values))
    problem = ""
    if decimal == ",":
        if by_commas and dot:
            problem = f'holds numbers such as {shown}; write thousands = "."'
        elif dot and all(map(PLAIN, values)):
            problem = f'holds numbers with a decimal point such as {shown}; write decimal = "."'
    elif comma and by_points and by_commas:
        problem = (
            f'holds numbers such as {shown}; write thousands = "," if the comma separates '
            'thousands, or decimal = "," with another separator if it begins the fraction,'
        )
    elif comma and by_commas:
        thousands = ' and thousands = "."' if dot else ""
        problem = (
            f'holds numbers with a decimal comma such as {shown}; write decimal = ","{thousands}'
        )
    elif comma and by_points:
        problem = f'holds numbers such as {shown}; write thousands = ","'
    return Finding(name, f"{problem} under [data]") if problem else None
