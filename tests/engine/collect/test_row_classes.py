"""A captured row that could be dropped for two reasons is counted for one of them."""

from collections.abc import Callable
from typing import Any

from tests.engine.collect.records import (
    INTEGER,
    NUMBER,
    make_answer,
    make_manifest,
    make_record,
    make_side,
    make_truth,
)


def test_a_row_with_two_reasons_is_counted_once(collect: Callable[..., Any]) -> None:
    fallback = make_side(make_answer(1, degraded=True))
    records = [
        make_record(1, [{"size": 1, "rooms": 2}]),
        make_record(2, [{"size": "[redacted]", "rooms": "many"}]),
        make_record(3, [{"size": "large", "rooms": "many"}]),
        make_record(4, asked="", answered=fallback),
        make_record(5, [{"size": 1, "rooms": 2}], degraded=True),  # without a truth, too
    ]
    truths = [make_truth(number, "yes") for number in range(1, 5)]
    counts = collect(records, truths, manifest=make_manifest(NUMBER, INTEGER)).counts
    assert (counts.rows, counts.written, counts.redacted) == (5, 1, 1)
    assert counts.misfit == {"size": 1}
    assert (counts.without_input, counts.degraded, counts.without_truth) == (1, 1, 0)


def test_a_number_spelled_nan_does_not_fit(collect: Callable[..., Any]) -> None:
    records = [make_record(1, [{"size": 1}]), make_record(2, [{"size": "nan"}])]
    counts = collect(records, [make_truth(number, "yes") for number in (1, 2)]).counts
    assert (counts.written, counts.misfit) == (1, {"size": 1})
