"""Fixtures for a project's tests, and rows that its schema allows."""

from ..serving.access import make_key
from .failing import breakable
from .quality import measure_on_test_rows
from .rows import edge_rows, invalid_rows, out_of_range_rows

__all__ = [
    "breakable",
    "edge_rows",
    "invalid_rows",
    "make_key",
    "measure_on_test_rows",
    "out_of_range_rows",
]
