"""How differently a model answers the groups that the configuration names."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...errors import FieldError, InvalidInputError
from ..dataset import Dataset
from ..measures.confusion import divide
from ..measures.predictions import LabelPredictions
from .row_scores import Values, sum_parts
from .slicing import Slicing

FEWEST = 10  # rows of a group that is compared
MOST = 50  # groups of a column that are listed
MAX_LABELS = 50  # that are compared, the commonest
NAMED = 20  # columns in an error


@dataclass(frozen=True)
class LabelRates:
    """One label in one group: how often it is answered, rightly and wrongly; NaN without rows."""

    label: str
    selection_rate: float
    true_positive_rate: float
    false_positive_rate: float


@dataclass(frozen=True)
class Group:
    """One group: its rows, its metric, its mean error, and the rates of each label.

    The metric is accuracy, or the mean absolute error; `mean_error` is answer minus truth, of a
    regressor only.
    """

    name: str
    rows: int
    metric: float
    mean_answer: float | None
    mean_error: float | None
    rates: tuple[LabelRates, ...]


@dataclass(frozen=True)
class GroupGaps:
    """The groups of one column, and the largest differences between any two of them.

    A gap is None where there is nothing to compare; `left_out` groups have too few rows, or are
    beyond the number that is listed.
    """

    column: str
    label: str | None
    groups: tuple[Group, ...]
    left_out: int
    gaps: dict[str, float | None]


def group_columns(dataset: Dataset, names: Sequence[str]) -> pd.DataFrame:
    """Return the columns of the data that define groups, also such as the model does not see.

    Args:
        dataset: all rows, as they were read.
        names: of the columns.

    Raises:
        InvalidInputError: the data have no such column; each is named.
    """
    inspection = getattr(dataset, "inspection", None)
    frame = dataset.rows if inspection is None else inspection.frame
    columns: dict[str, pd.Series] = {}
    for name in names:
        if name in dataset.rows:
            columns[name] = dataset.rows[name]
        elif name in frame and len(frame) == len(dataset):
            columns[name] = frame[name].set_axis(dataset.rows.index)
    if unknown := [name for name in names if name not in columns]:
        known = ", ".join(map(str, frame.columns[:NAMED]))
        problem = f"no such column, and [evaluation] groups names it; there are {known}"
        raise InvalidInputError([FieldError(name, problem) for name in unknown])
    return pd.DataFrame(columns, index=dataset.rows.index)


def groups_of(columns: pd.DataFrame, test: Dataset) -> pd.DataFrame:
    """Return the columns that define groups, for the test rows.

    Args:
        columns: of all rows.
        test: the test rows.

    Raises:
        InvalidInputError: the rows of a column that is no feature cannot be found.
    """
    found: dict[str, pd.Series] = {}
    for name, column in columns.items():
        if name in test.rows:
            found[str(name)] = test.rows[name]
        elif columns.index.is_unique:
            found[str(name)] = column.loc[test.rows.index]
        else:
            problem = (
                "rows share an index, so that those of a column that the model does not see cannot "
                "be found; call reset_index in data.py"
            )
            raise InvalidInputError([FieldError(str(name), problem)])
    return pd.DataFrame(found, index=test.rows.index)


def compare_labels(given: LabelPredictions, groups: Slicing) -> GroupGaps:
    """Return the gaps between groups of a classifier's rows, for the label with the largest.

    With a positive label, the gaps are about it; otherwise about each label against the rest.

    Args:
        given: answers and truth of the rows.
        groups: of the rows.

    Source: Hardt et al. (2016), Equality of opportunity in supervised learning.
    """
    codes, count = groups.codes, len(groups.names)
    commonest = np.argsort(-np.bincount(given.truth, minlength=len(given.labels)), kind="stable")
    of_all = sorted(commonest[:MAX_LABELS].tolist())
    chosen = of_all if given.positive is None else [given.positive]
    rows = np.bincount(codes, minlength=count).astype(np.float64)
    right = sum_parts(codes, given.truth == given.answers, count)
    rates = [_rates(given, code, codes, count) for code in chosen]
    listed = _listed(rows)
    found = [
        Group(
            groups.names[i],
            int(rows[i]),
            float(right[i] / rows[i]),
            None,
            None,
            tuple(
                LabelRates(given.labels[code], *(float(rate[i]) for rate in of_label))
                for code, of_label in zip(chosen, rates, strict=True)
            ),
        )
        for i in listed
    ]
    selected, hits, alarms = (
        [_spread(of_label[place][listed]) for of_label in rates] for place in range(3)
    )
    odds = [_largest(pair) for pair in zip(hits, alarms, strict=True)]
    gaps = {
        "demographic_parity_difference": _largest(selected),
        "equalized_odds_difference": _largest(odds),
        "equal_opportunity_difference": _largest(hits),
        "accuracy_difference": _spread((right / np.maximum(rows, 1))[listed]),
    }
    label = None if given.positive is None else given.labels[given.positive]
    return GroupGaps(groups.field, label, tuple(found), count - len(listed), gaps)


def compare_values(answers: Values, truth: Values, groups: Slicing) -> GroupGaps:
    """Return the gaps between groups of a regressor's rows.

    Args:
        answers: of shape (rows,).
        truth: of shape (rows,).
        groups: of the rows.
    """
    codes, count = groups.codes, len(groups.names)
    rows = np.bincount(codes, minlength=count).astype(np.float64)
    listed = _listed(rows)
    answer, error, size = (
        divide(sum_parts(codes, values, count), rows, np.nan)
        for values in (answers, answers - truth, np.abs(answers - truth))
    )
    found = [
        Group(groups.names[i], int(rows[i]), float(size[i]), float(answer[i]), float(error[i]), ())
        for i in listed
    ]
    gaps = {
        "mean_answer_difference": _spread(answer[listed]),
        "mean_error_difference": _spread(error[listed]),
        "mae_difference": _spread(size[listed]),
    }
    return GroupGaps(groups.field, None, tuple(found), count - len(listed), gaps)


def _listed(rows: Values) -> NDArray[np.int64]:
    """Return the groups that are compared: those with enough rows, the largest of very many."""
    enough = np.flatnonzero(rows >= FEWEST)
    largest = enough[np.argsort(-rows[enough], kind="stable")][:MOST]
    return np.sort(largest)


def _rates(
    given: LabelPredictions, code: int, groups: NDArray[np.int64], count: int
) -> tuple[Values, Values, Values]:
    """Return the selection rate, and the true and the false positive rate of each group."""
    truth, answers = given.truth == code, given.answers == code

    def share(of: NDArray[np.bool_]) -> Values:
        rows = np.bincount(groups[of], minlength=count).astype(np.float64)
        hits = np.bincount(groups[of & answers], minlength=count).astype(np.float64)
        return divide(hits, rows, np.nan)

    return share(np.ones_like(truth)), share(truth), share(~truth)


def _spread(values: Values) -> float | None:
    known = values[np.isfinite(values)]
    return float(known.max() - known.min()) if len(known) > 1 else None


def _largest(gaps: Sequence[float | None]) -> float | None:
    return max((gap for gap in gaps if gap is not None), default=None)
