"""A classifier's answers are read back, whatever of them was kept."""

from typing import Any

import numpy as np
import pytest
from modelserve.monitoring.classifier.answers import ClassifierAnswerReader, ClassifierAnswers
from modelserve.monitoring.ingest.bodies import BodyParser

LABELS = ("cat", "dog", "eel")


def said(label: str | None, *shares: float) -> dict[str, Any]:
    """Return a prediction."""
    actual: dict[str, Any] = {} if label is None else {"label": label}
    if shares:
        actual["probabilities"] = dict(zip(LABELS, shares, strict=True))
    return actual


def gathered(*predictions: Any) -> ClassifierAnswers:
    """Return predictions as arrays."""
    return ClassifierAnswerReader(LABELS).gather(predictions)


USUAL = said("dog", 0.2, 0.7, 0.1)


def test_labels_and_probabilities_are_read() -> None:
    actual = gathered(USUAL, said("eel", 0, 0.25, 0.75))
    assert actual.codes.tolist() == [1, 2]
    assert actual.probabilities.tolist() == [[0.2, 0.7, 0.1], [0, 0.25, 0.75]]
    assert actual.confidences.tolist() == [0.7, 0.75]


def test_the_order_in_which_probabilities_were_sent_does_not_matter() -> None:
    turned = {**USUAL, "probabilities": dict(reversed(USUAL["probabilities"].items()))}
    assert gathered(turned).probabilities.tolist() == [[0.2, 0.7, 0.1]]


@pytest.mark.parametrize(
    ("prediction", "code", "confidence"),
    [
        pytest.param(said("eel"), 2, None, id="label-alone"),
        pytest.param(said(None, 0.2, 0.3, 0.5), 2, 0.5, id="probabilities-alone"),
        pytest.param(said("ape", 0.2, 0.3, 0.5), -1, 0.5, id="unknown-label"),
        pytest.param({"label": "cat", "probabilities": {"cat": 1}}, 0, None, id="some-labels"),
        pytest.param({"label": 5, "probabilities": "[redacted]"}, -1, None, id="other-types"),
        pytest.param({"label": ["cat"]}, -1, None, id="list-as-label"),
        pytest.param({"probabilities": {"cat": "x", "dog": 0, "eel": 0}}, -1, None, id="text"),
        pytest.param(said("cat", 10**400, 0, 0), 0, None, id="beyond-float"),
        pytest.param({}, -1, None, id="nothing"),
    ],
)
def test_what_was_not_kept_is_unread_and_the_rest_is_read(
    prediction: Any, code: int, confidence: float | None
) -> None:
    actual = gathered(USUAL, prediction, USUAL)
    assert actual.codes.tolist() == [1, code, 1]
    assert actual.confidences[[0, 2]].tolist() == [0.7, 0.7]
    assert np.isnan(actual.confidences[1]) if confidence is None else True
    watched = ClassifierAnswerReader(LABELS).observe(actual)
    assert len(watched["label"]) == 2 + (code >= 0)
    assert watched["confidence"].tolist() == [0.7, *([confidence] if confidence else []), 0.7]


def test_no_prediction_is_nothing() -> None:
    actual = gathered()
    assert (len(actual.codes), actual.probabilities.shape) == (0, (0, 3))
    assert {
        name: len(each) for name, each in ClassifierAnswerReader(LABELS).observe(actual).items()
    } == {
        "label": 0,
        "confidence": 0,
    }


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["dog"], said("dog")),
        (["0.2", "0.7", "0.1"], said(None, 0.2, 0.7, 0.1)),
        (["dog", "0.2", "0.7", "0.1"], USUAL),
    ],
)
def test_csv_holds_a_label_probabilities_or_both(cells: list[str], expected: Any) -> None:
    assert ClassifierAnswerReader(LABELS).read_csv(cells) == expected


@pytest.mark.parametrize(
    ("cell", "label"), [("late ", "late "), (" ", " "), (" ok\t", "ok"), ("\u2028x", "\u2028x")]
)
def test_a_label_in_csv_is_taken_as_it_stands_if_it_is_one(cell: str, label: str) -> None:
    reader = ClassifierAnswerReader(("late ", " ", "ok", "\u2028x", "late"))
    assert reader.read_csv([cell]) == {"label": label}


def test_csv_of_another_width_is_refused() -> None:
    with pytest.raises(ValueError, match="argument"):
        ClassifierAnswerReader(LABELS).read_csv(["dog", "0.2"])


def test_a_reply_in_csv_is_of_no_version(trained: Any) -> None:
    label = trained.manifest.labels[0]
    reply = BodyParser(trained.manifest).response(f"{label}\n\n{label}\n")
    assert reply == ([{"label": label}] * 2, "", False, frozenset())
