"""Slices are the categories and quartiles of each field, the worst first."""

import numpy as np
import pandas as pd
import pytest
from modelserve import Table
from modelserve.training.evidence import slices as module
from modelserve.training.evidence.row_scores import RowScores, score_parts, score_rows
from modelserve.training.evidence.slices import compare_slices
from modelserve.training.evidence.slicing import slice_column, slice_fields
from modelserve.training.text.texts import Texts
from scipy import stats

CASES = {
    "category": (["b", "a", None, "a"], ["a", "b", "(missing)"], [1, 0, 2, 0]),
    "boolean": ([True, False, True, True], ["false", "true"], [1, 0, 1, 1]),
    "few whole numbers": ([3, 1, 3, 2], ["1", "2", "3"], [2, 0, 2, 1]),
    "constant": ([1.5, 1.5, 1.5], ["1.5 to 1.5"], [0, 0, 0]),
    "number": (
        [1.5, 2.5, 3.5, 4.5],
        ["1.5 to 1.5", "above 1.5, up to 2.5", "above 2.5, up to 3.5", "above 3.5, up to 4.5"],
        [0, 1, 2, 3],
    ),
    "number with gaps": ([0.5, None, 0.5], ["0.5 to 0.5", "(missing)"], [0, 1, 0]),
    "gaps alone": ([np.nan, np.nan], ["(missing)"], [0, 0]),
}


@pytest.mark.parametrize(("values", "names", "codes"), CASES.values(), ids=CASES.keys())
def test_a_column_is_sliced(values: list[object], names: list[str], codes: list[int]) -> None:
    sliced = slice_column("x", pd.Series(values).infer_objects())
    assert list(sliced.names) == names
    assert sliced.codes.tolist() == codes


@pytest.mark.parametrize(
    "column",
    [
        pytest.param(pd.Series([1, None, 0], dtype="Int64"), id="integer"),
        pytest.param(pd.Series([True, None, False], dtype="boolean"), id="boolean"),
        pytest.param(pd.Series(["a", None, "b"], dtype="str"), id="text"),
        pytest.param(pd.Series(["a", None, "b"], dtype="category"), id="category"),
        pytest.param(pd.Series(["a", None, "b"], dtype=object), id="object"),
    ],
)
def test_gaps_of_every_type_are_a_slice(column: pd.Series) -> None:
    sliced = slice_column("x", column)
    assert sliced.names[sliced.codes[1]] == "(missing)"
    assert len(sliced.names) == 3


def test_texts_are_sliced_by_their_length() -> None:
    frame = pd.DataFrame({"text": ["a", "bb", "bb", "dddd"], "y": list("pqpq")})
    (sliced,) = slice_fields(Texts.from_frame(frame, target="y"))
    assert sliced.field == "length of text"
    assert list(sliced.names) == ["1 characters", "2 characters", "4 characters"]


def test_the_worst_slice_is_first_and_small_ones_are_left_out() -> None:
    frame = pd.DataFrame({"plan": ["x"] * 20 + ["y"] * 20 + ["z"] * 4, "y": range(44)})
    right = np.array([1.0] * 20 + [0.0] * 15 + [1.0] * 5 + [0.0] * 4)
    table = Table.from_frame(frame, target="y")
    found = compare_slices(RowScores("accuracy", right), slice_fields(table))
    assert [(each.value, each.rows, each.metric) for each in found.slices] == [
        ("y", 20, 0.25),
        ("x", 20, 1.0),
    ]
    assert (found.small, found.better, found.rows) == (1, 0, 44)
    assert found.whole == pytest.approx(25 / 44)
    assert [each.differs for each in found.slices] == [True, True]


def test_large_errors_come_first() -> None:
    errors = np.array([1.0] * 10 + [5.0] * 10)
    column = pd.Series(["small"] * 10 + ["large"] * 10)
    found = compare_slices(RowScores("mae", errors), [slice_column("x", column)])
    assert [each.value for each in found.slices] == ["large", "small"]


def test_the_number_of_slices_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FEWEST", 1)
    column = pd.Series([f"c{i}" for i in range(5_000)])
    scores = RowScores("accuracy", np.ones(5_000))
    found = compare_slices(scores, [slice_column("x", column)])
    assert len(found.slices) == module.MOST
    assert found.better == 5_000 - module.MOST


def test_a_shares_interval_is_wilsons() -> None:
    scores = RowScores("accuracy", np.array([1.0] * 7 + [0.0] * 3 + [1.0]))
    parts = score_parts(scores, np.array([0] * 10 + [1]), 3)
    expected = stats.binomtest(7, 10).proportion_ci(method="wilson")
    assert (parts.low[0], parts.high[0]) == pytest.approx((expected.low, expected.high))
    assert parts.high[1] == 1
    assert np.isnan(parts.metric[2])


def test_a_means_interval_is_students() -> None:
    values = np.array([3.0, 4.0, 5.5, 7.0])
    parts = score_parts(RowScores("mae", values), np.zeros(4, dtype=np.int64), 1)
    low, high = stats.t.interval(0.95, 3, values.mean(), stats.sem(values))
    assert (parts.low[0], parts.high[0]) == pytest.approx((low, high))


def test_a_row_is_scored_by_its_label_or_its_error() -> None:
    outputs = np.array([[0.9, 0.1], [0.2, 0.8]], dtype=np.float32)
    assert score_rows([1.0, 2.0], outputs, ("1", "2")).values.tolist() == [1, 1]
    values = score_rows([-1.0, 1e38], np.array([[-3], [1e38]], dtype=np.float32), ())
    assert values.metric == "mae"
    assert values.values[0] == 2
