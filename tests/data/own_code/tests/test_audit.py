"""Unsure answers are counted in /metrics and listed by /unsure."""

from collections.abc import Callable
from typing import Any

import pytest
from modelserve.types import Row, Rows


def count(client: Any) -> float:
    """Return how many rows were answered unsurely."""
    lines = client.get("/metrics").text.splitlines()
    (line,) = (line for line in lines if line.startswith("unsure_answers_total{"))
    return float(line.rpartition(" ")[2])


@pytest.mark.parametrize(("threshold", "all_rows"), [(0.0, False), (1.0, True)])
def test_unsure_answers_are_counted_and_listed(
    make_client: Callable[..., Any], post_rows: Any, rows: Rows, threshold: float, all_rows: bool
) -> None:
    client = make_client(unsure_below=threshold)
    answer = post_rows(rows, client=client).json()
    assert count(client) == (len(rows) if all_rows else 0)
    assert client.get("/unsure").json() == ([answer["inference_id"]] if all_rows else [])


def test_a_rejected_request_is_no_unsure_answer(client: Any, post_rows: Any, row: Row) -> None:
    assert post_rows([{**row, "no such field": 1}]).status_code == 422
    assert count(client) == 0


def test_the_threshold_is_a_probability(project: Any, make_settings: Any) -> None:
    with pytest.raises(ValueError, match="unsure_below"):
        make_settings(unsure_below=2)
    assert "unsure_below" in project.service_class.settings_class.model_fields
