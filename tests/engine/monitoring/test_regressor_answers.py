"""A regressor's answers are read back, whatever of them was kept."""

from typing import Any

import numpy as np
import pytest
from modelserve.monitoring.ingest.bodies import BodyParser
from modelserve.monitoring.regressor.answers import RegressorAnswerReader

FAMILIES = ("diabetes",)


def gathered(*predictions: Any) -> list[float]:
    """Return predictions' values."""
    actual: list[float] = RegressorAnswerReader().gather(predictions).values.tolist()
    return actual


def test_values_are_read_and_intervals_passed_over() -> None:
    assert gathered({"value": 1.5}, {"value": 2, "lower": 1, "upper": 3}) == [1.5, 2]


@pytest.mark.parametrize(
    "prediction",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"value": None}, id="null"),
        pytest.param({"value": "[redacted]"}, id="redacted"),
        pytest.param({"value": [1]}, id="list"),
        pytest.param({"value": 10**400}, id="beyond-float"),
    ],
)
def test_what_was_not_kept_is_unread_and_the_rest_is_read(prediction: Any) -> None:
    actual = RegressorAnswerReader().gather([{"value": 1.0}, prediction, {"value": 2.0}])
    assert actual.values[[0, 2]].tolist() == [1.0, 2.0]
    assert np.isnan(actual.values[1])
    assert RegressorAnswerReader().observe(actual)["value"].tolist() == [1.0, 2.0]


def test_lists_alone_are_unread() -> None:
    actual = RegressorAnswerReader().gather([{"value": [1.0]}, {"value": [2.0]}])
    assert np.isnan(actual.values).tolist() == [True, True]


def test_no_prediction_is_nothing() -> None:
    assert gathered() == []


def test_csv_holds_a_value_and_perhaps_its_interval() -> None:
    read_csv = RegressorAnswerReader().read_csv
    assert read_csv(["1.5"]) == read_csv(["1.5", "1", "2"]) == {"value": 1.5}


def test_a_reply_in_csv_is_of_no_version(trained: Any) -> None:
    reply = BodyParser(trained.manifest).response("1.5\n\n2.5\n")
    assert reply == ([{"value": 1.5}, {"value": 2.5}], "", False, frozenset())


def test_csv_of_words_is_refused(trained: Any) -> None:
    with pytest.raises(ValueError, match="could not convert"):
        BodyParser(trained.manifest).response("much")
