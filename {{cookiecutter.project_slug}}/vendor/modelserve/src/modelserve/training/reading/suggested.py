"""Read files whose dialect is wrong in the one that would be right, to find what else is wrong."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from ...errors import DialectError, InvalidDataError, InvalidInputError, TrainingError
from ..sections import DataSection


class Inspected(Protocol):
    """Data, and what each of their columns was taken for."""

    @property
    def inspection(self) -> object:
        """Return what each column was taken for."""


Data = TypeVar("Data", bound=Inspected)


def read_all(read: Callable[[DataSection], Data], section: DataSection) -> Data:
    """Return what `read` returns for `[data]`, or raise everything that is wrong with the files.

    Args:
        read: reads and inspects the files.
        section: the files and how they are written.

    Raises:
        InvalidInputError: as `read`; of files of another dialect, the columns are inspected, too.
    """
    try:
        return read(section)
    except DialectError as error:
        if not error.dialect:
            raise
        errors, suggested = [*error.errors], section.model_copy(update=dict(error.dialect))
        try:
            inspection = read(suggested).inspection
        except InvalidDataError as more:
            errors, inspection = [*errors, *more.errors], more.inspection
        except (InvalidInputError, TrainingError):
            raise error from None
        raise InvalidDataError(errors, inspection, error.dialect) from error
