"""Targets and answers must lie within the bounds that the service keeps."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from modelserve import Table
from modelserve.errors import GateError, OutputError, ParityError, RejectedModelError, TrainingError
from modelserve.training import requirements
from modelserve.training.exported_model import ExportedModel
from modelserve.training.sections import OutputSection
from modelserve.training.splits import SplitOutputs, Splits
from modelserve.training.table.pipeline import export_pipeline, fit_pipeline
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import Ridge
from sklearn.preprocessing import OneHotEncoder

REGRESSOR = ExportedModel({}, (), None, ())
CLASSIFIER = ExportedModel({}, ("a", "b"), None, ())


def make_splits(*targets: list[float]) -> Splits:
    """Return parts with these targets."""
    return Splits(
        *(
            Table(pd.DataFrame({"x": range(len(each))}), pd.Series(each, dtype="float64"))
            for each in targets
        )
    )


def make_outputs(*parts: list[Any]) -> SplitOutputs:
    """Return outputs, none for an empty part."""
    return SplitOutputs(
        *(
            np.array(each, dtype=np.float32).reshape(len(each), -1)
            if each
            else np.empty((0, 0), dtype=np.float32)
            for each in parts
        )
    )


FITTING = make_splits([1, 2, 3], [], [4])


def test_values_on_the_bounds_are_within_them() -> None:
    section = OutputSection(minimum=1, maximum=4)
    requirements.check_bounds(FITTING, make_outputs([1, 4, 2], [], [3]), section)


def test_without_bounds_any_value_will_do() -> None:
    requirements.check_bounds(FITTING, make_outputs([-1e9, 1e9, 0], [], [3]), OutputSection())


@pytest.mark.parametrize("place", range(3), ids=["training", "calibration", "test"])
def test_targets_outside_are_counted_with_their_extremes(place: int) -> None:
    targets = [[1.0, 2], [1.0, 2], [1.0, 2]]
    targets[place] = [-3.5, 9]
    outputs = make_outputs([1, 1], [1, 1], [1, 1])
    section = OutputSection(minimum=0, maximum=8)
    with pytest.raises(OutputError) as caught:
        requirements.check_bounds(make_splits(*targets), outputs, section)
    message = str(caught.value)
    assert message.startswith("2 of 6 targets (-3.5 to 9) lie outside of [output] minimum = 0, max")
    assert "change or remove the bounds in config/training.toml" in message
    assert "answers of the model" not in message


def test_nothing_is_within_a_bound_that_is_nan() -> None:
    section = OutputSection(maximum=float("nan"))
    with pytest.raises(OutputError, match=r"^4 of 4 targets .* of \[output\] maximum = nan"):
        requirements.check_bounds(FITTING, make_outputs([1, 4, 2], [], [3]), section)


def test_answers_outside_are_counted_beside_targets() -> None:
    outputs = make_outputs([-1, 1, 1], [], [1])
    with pytest.raises(
        OutputError, match=r"3 of 4 targets .* and 1 of 4 answers of the model \(-1 "
    ):
        requirements.check_bounds(
            make_splits([-1, -2, -3], [], [4]), outputs, OutputSection(minimum=0)
        )


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_answers_that_are_not_finite_are_counted(value: float) -> None:
    with pytest.raises(OutputError, match="no finite number for 2 of 4 rows"):
        requirements.check_outputs(REGRESSOR, make_outputs([1, value, value], [], [1]))


def test_probabilities_of_any_part_must_sum_to_one() -> None:
    good = [[0.5, 0.5]]
    requirements.check_outputs(CLASSIFIER, make_outputs(good, [], good))
    with pytest.raises(OutputError, match=r"\[2.0, -1.0\] for a row: these are no probabilities"):
        requirements.check_outputs(CLASSIFIER, make_outputs(good, good, [[2, -1]]))


TOWNS = Table(
    pd.DataFrame(
        {"x": [1.0, 2.0, 3.0] * 4, "town": ["Łódź", "Faro", "Évora"] * 4, "kind": ["a"] * 12}
    ),
    pd.Series([1.0, 2.0, 4.0] * 4),
)


def export(**options: Any) -> ExportedModel:
    """Return a model whose categories are encoded in a way of one's own."""
    encoder = OneHotEncoder(sparse_output=False, **options)
    steps = [("columns", ColumnTransformer([("towns", encoder, ["town", "kind"])]))]
    return export_pipeline(fit_pipeline(TOWNS, steps, Ridge()), TOWNS)


def test_a_category_that_training_has_not_seen_is_answered() -> None:
    requirements.check_unseen(export(handle_unknown="ignore"), TOWNS)
    requirements.check_unseen(REGRESSOR, FITTING.training)  # there are no categories


@pytest.mark.parametrize(
    "options", [{}, {"drop": "if_binary"}, {"handle_unknown": "infrequent_if_exist"}], ids=str
)
def test_a_graph_that_fails_on_unseen_categories_is_refused(
    options: dict[str, Any], capfd: pytest.CaptureFixture[str]
) -> None:
    exported = export(**options)
    with pytest.raises(
        OutputError, match=r"of 'town', 'kind': .*Unknown Category.*OneHotEncoder\(hand"
    ):
        requirements.check_unseen(exported, TOWNS)
    assert capfd.readouterr() == ("", "")  # ONNX Runtime prints no line of its own


def test_a_single_reason_keeps_its_type() -> None:
    error = requirements.rejection([GateError("Too bad.")])
    assert isinstance(error, GateError)
    assert str(error) == "Too bad. Nothing was written."


def test_several_reasons_are_listed() -> None:
    reasons: list[TrainingError] = []
    for each in (GateError("Too bad."), ParityError("Too far.")):
        with requirements.collect(reasons):
            raise each
    error = requirements.rejection(reasons)
    assert isinstance(error, RejectedModelError)
    assert error.reasons == tuple(reasons)
    assert str(error) == (
        "The model was rejected for 2 reasons; nothing was written.\n  - Too bad.\n  - Too far."
    )
