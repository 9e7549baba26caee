"""Rows of a table whose fields are replaced by those of background rows."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ...artifact import BACKGROUND, Artifact
from ...errors import FieldError, InvalidInputError, ModelError
from ...types import Model, ModelInput, Outputs, Tensors
from ..inputs import Inputs
from ..table_inputs import CATEGORIES, NUMBERS
from .orders import Ranks, count_runs, random_orders

MOST_RUNS = 100_000  # rows that the model answers for the explanations of one request


class OccludedRow(NamedTuple):
    """One row of a request: the names of its fields, and the rows that it is mixed with.

    `ranks` are the orders, of shape (orders, fields); `first` are the outputs for the background
    row of each order, of shape (orders, n_outputs); `mix` returns tensors, as `Evaluate` takes
    its arguments.
    """

    names: Sequence[str]
    ranks: Ranks
    first: Outputs
    mix: "Mix"


class Mix(Protocol):
    """Mixes a row with its background rows."""

    def __call__(self, order: NDArray[np.int64], seen: NDArray[np.bool_]) -> Tensors:
        """Return the tensors of n rows.

        Args:
            order: whose background row each is mixed with, of shape (n,).
            seen: which fields have the row's value, of shape (n, fields).
        """


class Occlusion(Protocol):
    """Occludes the fields of a request's rows."""

    def rows(self, given: ModelInput) -> Iterator[OccludedRow]:
        """Yield each row.

        Raises:
            InvalidInputError: the rows would take too many runs of the model.
        """


class TableOcclusion:
    """Mixes rows of a table with the background rows of the artifact.

    Args:
        artifact: has the background rows.
        inputs: the schema of a row.
        model: answers for the background rows.

    Raises:
        InvalidInputError: the artifact has no background rows.
        ModelError: the model fails on them.
    """

    def __init__(self, artifact: Artifact, inputs: Inputs, model: Model) -> None:
        """Answer the background rows."""
        if BACKGROUND not in artifact.manifest.files:
            raise InvalidInputError(
                [
                    FieldError(
                        "/explain",
                        f"the model has no {BACKGROUND}, which explanations need: train again, "
                        "with background_rows above 0 in [reference] of config/training.toml",
                    )
                ]
            )
        given = inputs.gather(artifact.read_json(BACKGROUND))
        self._names = [feature.name for feature in inputs.features]
        self._background = given.tensors
        numbers = [feature.dtype != "category" for feature in inputs.features]
        self._columns = {
            NUMBERS: np.flatnonzero(numbers),
            CATEGORIES: np.flatnonzero(np.logical_not(numbers)),
        }
        self._ranks, self._of_order = random_orders(len(self._names), given.rows)
        outputs = model.run(given.tensors)
        if not np.isfinite(outputs).all():
            raise ModelError("The model's outputs for the background rows are not finite.")
        self._first = outputs[self._of_order]

    def rows(self, given: ModelInput) -> Iterator[OccludedRow]:
        """Yield each row.

        Raises:
            InvalidInputError: the rows would take too many runs of the model.
        """
        check_runs(given.rows * count_runs(self._ranks), given.rows)
        for row in range(given.rows):
            yield OccludedRow(self._names, self._ranks, self._first, self._mix(given.tensors, row))

    def _mix(self, tensors: Tensors, row: int) -> Mix:
        def mix(order: NDArray[np.int64], seen: NDArray[np.bool_]) -> dict[str, NDArray[Any]]:
            others = self._of_order[order]
            return {
                name: np.where(
                    seen[:, self._columns[name]], values[row], self._background[name][others]
                )
                for name, values in tensors.items()
            }

        return mix


def check_runs(runs: int, rows: int, *, most: int = MOST_RUNS) -> None:
    """Reject a request whose explanations would take too long.

    Args:
        runs: rows that the model answers for them.
        rows: of the request.
        most: runs that are allowed.

    Raises:
        InvalidInputError: there are more.
    """
    if runs <= most:
        return
    remedy = (
        f"send {rows * most // runs} rows or fewer at once"
        if rows * most >= runs
        else "a model of that many fields cannot be explained"
    )
    raise InvalidInputError(
        [
            FieldError(
                "/instances",
                f"explaining {rows} rows takes {runs} runs of the model, {most} are allowed: "
                f"{remedy}",
            )
        ]
    )
