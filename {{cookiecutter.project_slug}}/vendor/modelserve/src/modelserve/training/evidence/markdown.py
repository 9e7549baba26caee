"""Escape texts of the data for Markdown."""

import re

MARKUP = re.compile(r"[\\|`*\[\]]")
ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def cell(text: str) -> str:
    """Return a text that stands as it is in a table's cell, on one line."""
    one_line = " ".join(text.split())
    plain = "".join(ENTITIES.get(each, each if each.isprintable() else " ") for each in one_line)
    return MARKUP.sub(r"\\\g<0>", plain)
