"""A classifier's answers."""

import json
from typing import Any

import numpy as np
import pytest
from modelserve.artifact import Artifact
from modelserve.serving.outputs import LabelEncoder
from modelserve.types import Prediction
from pydantic import TypeAdapter

LABELS = ('plain "quoted"', "100 %", "é\n")
SHARES = [[0.2, 0.7, 0.1], [1, 0, 0], [0.3, 0.3, 0.4]]


@pytest.fixture
def outputs(trained: Artifact) -> LabelEncoder:
    """Return the answers of a model whose labels are written in odd ways."""
    return LabelEncoder(trained.manifest.model_copy(update={"labels": LABELS}))


def predict(shares: list[list[float]]) -> Prediction:
    """Return what a model has answered."""
    return Prediction(np.asarray(shares, dtype=np.float32), degraded=False)


def read(outputs: LabelEncoder, shares: list[list[float]]) -> list[Any]:
    """Return each row's prediction."""
    return [json.loads(row) for row in outputs.rows(predict(shares))]


def test_the_likeliest_label_is_named_beside_every_probability(outputs: LabelEncoder) -> None:
    predictions = read(outputs, SHARES)
    assert [each["label"] for each in predictions] == [LABELS[1], LABELS[0], LABELS[2]]
    assert predictions[0]["probabilities"] == dict(zip(LABELS, (0.2, 0.7, 0.1), strict=True))


def test_of_two_labels_that_are_as_likely_the_first_is_named(outputs: LabelEncoder) -> None:
    assert read(outputs, [[0.4, 0.4, 0.2]])[0]["label"] == LABELS[0]
    assert outputs.arrays(predict([[0.4, 0.4, 0.2]]))["label"][0] == LABELS[0]


def test_probabilities_have_six_digits_and_no_exponent(outputs: LabelEncoder) -> None:
    (row,) = outputs.rows(predict([[1e-9, 1 / 3, 2 / 3]]))
    assert ":0.000000," in row
    assert ":0.333333," in row


def test_arrays_say_the_same_as_rows(outputs: LabelEncoder) -> None:
    arrays = outputs.arrays(predict(SHARES))
    assert arrays["label"].tolist() == [each["label"] for each in read(outputs, SHARES)]
    assert arrays["probabilities"] == pytest.approx(np.asarray(SHARES))
    for tensor in outputs.tensors:
        assert arrays[tensor.name].shape[1:] == tensor.shape[1:]


def test_the_schema_knows_the_labels(outputs: LabelEncoder) -> None:
    properties = TypeAdapter(outputs.prediction).json_schema()
    assert properties["properties"]["label"]["enum"] == list(LABELS)
    shares = properties["$defs"]["Probabilities"]["properties"]
    assert shares.keys() == set(LABELS)
    assert (shares[LABELS[0]]["minimum"], shares[LABELS[0]]["maximum"]) == (0, 1)


def test_a_degraded_answer_has_the_same_form(outputs: LabelEncoder) -> None:
    prior = predict(SHARES)
    assert outputs.rows(prior._replace(degraded=True)) == outputs.rows(prior)


def test_every_answer_fits_its_schema(outputs: LabelEncoder) -> None:
    for prediction in read(outputs, SHARES):
        assert TypeAdapter(outputs.prediction).validate_python(prediction) == prediction
