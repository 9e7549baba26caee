"""The service's own format, from bytes to arrays and back."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from modelserve import errors
from modelserve.errors import FieldError
from modelserve.serving.codec import JsonCodec
from modelserve.serving.runtime import OnnxModel
from modelserve.types import Prediction

FAMILIES = ("iris", "diabetes", "sentiment")


@pytest.fixture
def codec(trained: Any) -> JsonCodec:
    """Return a codec for at most three rows."""
    return JsonCodec(trained, max_rows=3)


def test_rows_keep_their_order(codec: JsonCodec, golden: list[dict[str, Any]]) -> None:
    rows = [case["input"] for case in golden[:3]]
    together = codec.decode(json.dumps({"instances": rows}).encode())
    assert together.rows == 3
    for i, row in enumerate(rows):
        alone = codec.gather([row])
        for name, array in together.tensors.items():
            values = alone.tensors[name][0].tolist()
            assert array[i].tolist()[: len(values)] == values  # a longer row fills the others up


def test_decoded_rows_get_their_golden_answers(
    codec: JsonCodec, trained: Any, golden: list[dict[str, Any]]
) -> None:
    body = json.dumps({"instances": [golden[0]["input"]]}).encode()
    outputs = OnnxModel(trained.model).run(codec.decode(body).tensors)
    np.testing.assert_allclose(outputs[0], golden[0]["output"], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("degraded", [True, False])
def test_an_answer_has_one_prediction_a_row_and_says_if_the_prior_gave_it(
    codec: JsonCodec, trained: Any, row: dict[str, Any], degraded: bool
) -> None:
    call = codec.gather([row] * 2)
    outputs = np.asarray([trained.manifest.fallback] * 2, dtype=np.float32)
    answer = json.loads(codec.encode(call, Prediction(outputs, degraded), "ab12"))
    assert len(answer["predictions"]) == 2
    assert answer | {"predictions": []} == {
        "predictions": [],
        "model_name": trained.manifest.name,
        "model_version": trained.manifest.version,
        "inference_id": "ab12",
        "degraded": degraded,
    }


def test_warnings_name_what_the_model_did_not_get_to_see(
    codec: JsonCodec, trained: Any, row: dict[str, Any]
) -> None:
    warnings = [FieldError("/1/note", 'cut at "here"')]
    call = codec.gather([row] * 2)._replace(warnings=warnings)
    outputs = np.asarray([trained.manifest.fallback] * 2, dtype=np.float32)
    answer = json.loads(codec.encode(call, Prediction(outputs, False), "ab12"))
    assert answer["warnings"] == [{"pointer": "/instances/1/note", "detail": 'cut at "here"'}]


def test_hostile_names_stay_within_their_strings(trained: Any, row: dict[str, Any]) -> None:
    manifest = trained.manifest.model_copy(update={"name": 'a"b\\%s', "version": "1\n%(x)s"})
    codec = JsonCodec(replace(trained, manifest=manifest), max_rows=1)
    outputs = np.asarray([manifest.fallback], dtype=np.float32)
    answer = json.loads(codec.encode(codec.gather([row]), Prediction(outputs, False), "ab12"))
    assert (answer["model_name"], answer["model_version"]) == ('a"b\\%s', "1\n%(x)s")


def test_wrong_bodies_are_refused(codec: JsonCodec, row: dict[str, Any]) -> None:
    with pytest.raises(errors.MalformedError, match="no valid JSON"):
        codec.decode(b"{")
    for encoding in ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"):
        with pytest.raises(errors.MalformedError, match="must be UTF-8 without a byte-order mark"):
            codec.decode(json.dumps({"instances": [row]}).encode(encoding))
    with pytest.raises(errors.InvalidInputError) as caught:
        codec.decode(json.dumps({"instances": [row, {}], "more": 1}).encode())
    assert {each.pointer.rpartition("/")[0] for each in caught.value.errors} == {
        "/instances/1",
        "",
    }
    assert len(caught.value.errors) == len(row) + 1


def test_the_example_is_a_row_that_is_right(codec: JsonCodec) -> None:
    body = json.dumps({"instances": [codec.inputs.example()]}).encode()
    assert codec.decode(body).rows == 1
