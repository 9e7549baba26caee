"""Calls the hook `preprocess`, and checks what it returns and what it rejects."""

import re
from collections.abc import Callable
from typing import Any

from ..errors import InvalidInputError, ModelError, RequestError
from ..types import Rows

Preprocess = Callable[[Rows], Rows]
POINTER = re.compile(r"/(\d+)(?:/(.*))?", re.ASCII | re.DOTALL).fullmatch


def preprocess_rows(preprocess: Preprocess, rows: Rows) -> list[Any]:
    """Return what `preprocess` makes of rows.

    Raises:
        InvalidInputError: it rejected rows, or all of them by an error without a pointer.
        ModelError: it failed, returned another number of rows, or rejected something else.
    """
    try:
        changed = list(preprocess(rows))
    except InvalidInputError as error:
        for each in error.errors:
            if each.pointer:
                split_pointer(each.pointer, len(rows))
        raise
    except RequestError:
        raise
    except Exception as error:
        raise ModelError("preprocess in service.py failed.") from error
    if len(changed) != len(rows):
        raise ModelError(f"preprocess returned {len(changed)} rows for {len(rows)}")
    return changed


def split_pointer(pointer: str, count: int) -> tuple[int, str | None]:
    """Return the row that `preprocess` rejected, and its field; None for the whole row.

    Args:
        pointer: of the error.
        count: of the rows that `preprocess` was given.

    Raises:
        ModelError: it names no row of them.
    """
    found = POINTER(pointer)
    if not found or int(found[1]) >= count:
        raise ModelError(
            f"preprocess in service.py rejected {pointer!r}, and not a row of its {count}: write "
            "/ROW/FIELD, with the row's number from 0."
        )
    return int(found[1]), found[2]
