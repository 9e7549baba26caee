"""The Open Inference Protocol's bodies: named tensors in, named tensors out."""

import json
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from modelserve import errors
from modelserve.errors import FieldError
from modelserve.manifest import Manifest
from modelserve.serving.oip.codec import InferenceCodec
from modelserve.serving.outputs import make_output_encoder
from modelserve.translation import ENGLISH
from modelserve.types import (
    ModelInput,
    Prediction,
    Tensor,
    Tensors,
)

SIGNATURE = (
    Tensor("x", "FP32", (-1, 2)),
    Tensor("count", "INT64", (-1,)),
    Tensor("flag", "BOOL", (-1,)),
    Tensor("text", "BYTES", (-1,)),
)
GOOD: dict[str, dict[str, Any]] = {
    "x": {"name": "x", "datatype": "FP32", "shape": [2, 2], "data": [1, 2.5, 3, 4]},
    "count": {"name": "count", "datatype": "INT64", "shape": [2], "data": [7, 2**60]},
    "flag": {"name": "flag", "datatype": "BOOL", "shape": [2], "data": [True, False]},
    "text": {"name": "text", "datatype": "BYTES", "shape": [2], "data": ["a", "é"]},
}
HUGE = 10**400


class EveryKind:
    """A service's codec whose inputs take a tensor of each kind as it is."""

    extra_fields = "refuse"
    catalogue = ENGLISH

    def __init__(self, manifest: Manifest) -> None:
        self.inputs = SimpleNamespace(tensors=SIGNATURE, features=())
        self.outputs = make_output_encoder(manifest)

    def arrays(self, _: ModelInput, prediction: Prediction) -> dict[str, Any]:
        """Return the outputs' tensors."""
        return self.outputs.arrays(prediction)

    def gather_tensors(self, tensors: Tensors) -> ModelInput:
        """Refuse texts that say so, warn of those that are long."""
        texts = list(tensors["text"])
        if wrong := [i for i, text in enumerate(texts) if text == "refuse me"]:
            raise errors.InvalidInputError([FieldError(f"text/{i}", "as it wished") for i in wrong])
        long = [FieldError(f"/{i}/text", "cut") for i, text in enumerate(texts) if len(text) > 9]
        return ModelInput(tensors, len(texts), warnings=long)


@pytest.fixture
def codec(trained: Any) -> InferenceCodec:
    """Return a codec of a graph with an input of each kind."""
    every_kind: Any = EveryKind(trained.manifest)
    return InferenceCodec(trained.manifest, every_kind, max_rows=2)


def request(*, without: str = "", **changes: dict[str, Any]) -> dict[str, Any]:
    """Return a request, some tensors of it changed and one left out."""
    kept = [name for name in GOOD if name != without]
    return {"inputs": [GOOD[name] | changes.get(name, {}) for name in kept]}


def spell(content: Any) -> bytes:
    """Return a body."""
    return json.dumps(content).encode()


def test_tensors_become_arrays(codec: InferenceCodec) -> None:
    call = codec.decode(spell(request() | {"id": "mine"}))
    assert (call.rows, call.id, call.wanted) == (2, "mine", ())
    assert call.tensors["x"].dtype == np.float32
    assert {name: array.tolist() for name, array in call.tensors.items()} == {
        "x": [[1, 2.5], [3, 4]],
        "count": [7, 2**60],
        "flag": [True, False],
        "text": ["a", "é"],
    }


def test_nested_data_is_read_as_flat_data_is(codec: InferenceCodec) -> None:
    call = codec.decode(spell(request(x={"data": [[1, 2.5], [3, 4]]})))
    assert call.tensors["x"].tolist() == [[1, 2.5], [3, 4]]


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        pytest.param({"x": {"name": "z"}}, ["/inputs/0/name"], id="unknown-name"),
        pytest.param({"count": {"name": "x"}}, ["/inputs/1/name"], id="name-twice"),
        pytest.param({"x": {"datatype": "BYTES"}}, ["/inputs/0/datatype"], id="datatype"),
        pytest.param({"x": {"datatype": "FP8"}}, ["/inputs/0/datatype"], id="unknown-datatype"),
        pytest.param({"text": {"datatype": "FP32"}}, ["/inputs/3/datatype"], id="no-text-datatype"),
        pytest.param({"x": {"datatype": "BOOL"}}, ["/inputs/0/datatype"], id="boolean-datatype"),
        pytest.param({"x": {"shape": [4]}}, ["/inputs/0/shape"], id="dimensions"),
        pytest.param({"x": {"shape": [1, 4]}}, ["/inputs/0/shape"], id="size"),
        pytest.param({"x": {"data": [1, 2, 3]}}, ["/inputs/0/data"], id="values-missing"),
        pytest.param(
            {"x": {"data": [1, "2", None, True]}},
            ["/inputs/0/data/1", "/inputs/0/data/2", "/inputs/0/data/3"],
            id="no-numbers",
        ),
        pytest.param(
            {"x": {"data": [1, 1e39, HUGE, -1e39]}},
            ["/inputs/0/data/1", "/inputs/0/data/2", "/inputs/0/data/3"],
            id="beyond-every-float",
        ),
        pytest.param({"x": {"data": [1, 2, 1e39, 4]}}, ["/inputs/0/data/2"], id="beyond-float32"),
        pytest.param({"count": {"data": [2**63, 1]}}, ["/inputs/1/data/0"], id="beyond-int64"),
        pytest.param({"count": {"data": [1, 1.5]}}, ["/inputs/1/data/1"], id="no-integer"),
        pytest.param({"flag": {"data": [0, True]}}, ["/inputs/2/data/0"], id="no-boolean"),
        pytest.param({"text": {"data": ["a", 1]}}, ["/inputs/3/data/1"], id="no-text"),
        pytest.param(
            {"x": {"datatype": "FP8", "shape": [2, 3]}, "text": {"data": [1, 2]}},
            ["/inputs/0/datatype", "/inputs/0/shape", "/inputs/3/data/0", "/inputs/3/data/1"],
            id="everything-at-once",
        ),
        pytest.param({"text": {"shape": [1], "data": ["a"]}}, ["/inputs"], id="rows-that-disagree"),
    ],
)
def test_whatever_is_wrong_with_a_tensor_is_named(
    codec: InferenceCodec, changes: dict[str, Any], wrong: list[str]
) -> None:
    with pytest.raises(errors.InvalidInputError) as caught:
        codec.decode(spell(request(**changes)))
    assert [each.pointer for each in caught.value.errors] == wrong


@pytest.mark.parametrize("rows", [0, 3])
def test_the_number_of_rows_is_limited(codec: InferenceCodec, rows: int) -> None:
    longer = {
        name: {"shape": [rows, *GOOD[name]["shape"][1:]], "data": (GOOD[name]["data"] * 2)[:n]}
        for name, n in {"x": 2 * rows, "count": rows, "flag": rows, "text": rows}.items()
    }
    with pytest.raises(errors.InvalidInputError) as caught:
        codec.decode(spell(request(**longer)))
    assert caught.value.errors == (("/inputs", f"{rows} rows; should be 1 to 2 (MAX_ROWS)"),)


def test_data_are_not_read_if_there_are_too_many_rows(codec: InferenceCodec) -> None:
    wrong = {"x": {"shape": [3, 2], "data": ["no number"]}}
    one_input = {"inputs": request(**wrong)["inputs"][:1]}
    with pytest.raises(errors.InvalidInputError) as caught:
        codec.decode(spell(one_input))
    assert ("/inputs", "3 rows; should be 1 to 2 (MAX_ROWS)") in caught.value.errors
    assert "/inputs/0/data" not in str(caught.value.errors)


def test_a_missing_tensor_is_named(codec: InferenceCodec) -> None:
    with pytest.raises(errors.InvalidInputError) as caught:
        codec.decode(spell(request(without="flag")))
    assert caught.value.errors == (("/inputs", "missing: flag"),)


def test_an_unknown_output_is_named(codec: InferenceCodec) -> None:
    with pytest.raises(errors.InvalidInputError) as caught:
        codec.decode(spell(request() | {"outputs": [{"name": "nothing"}]}))
    assert caught.value.errors[0].pointer == "/outputs/0/name"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        pytest.param(b"{", errors.MalformedError, id="no-json"),
        pytest.param(b"{}", errors.InvalidInputError, id="no-inputs"),
        pytest.param(b'{"inputs": []}', errors.InvalidInputError, id="empty-inputs"),
        pytest.param(b'{"inputs": [{}]}', errors.InvalidInputError, id="empty-input"),
    ],
)
def test_another_form_is_refused(
    codec: InferenceCodec, content: bytes, kind: type[Exception]
) -> None:
    with pytest.raises(kind):
        codec.decode(content)


def test_an_answer_holds_the_outputs_that_were_asked_for(
    codec: InferenceCodec, trained: Any
) -> None:
    outputs = np.asarray([trained.manifest.fallback] * 2, dtype=np.float32)
    everything = [tensor.name for tensor in make_output_encoder(trained.manifest).tensors]
    for names in [[], *([name] for name in everything)]:
        call = codec.decode(spell(request() | {"outputs": [{"name": name} for name in names]}))
        answer = json.loads(codec.encode(call, Prediction(outputs, degraded=True), "ab12"))
        assert [each["name"] for each in answer["outputs"]] == (names or everything)
        assert answer["parameters"] == {"inference_id": "ab12", "degraded": True}
        for tensor in answer["outputs"]:
            assert len(tensor["data"]) == np.prod(tensor["shape"])
            assert tensor["shape"][0] == 2


@pytest.mark.parametrize(("given", "answered"), [("", "ab12"), ('my "own"', 'my "own"')])
def test_an_answer_bears_the_clients_own_id(
    codec: InferenceCodec, trained: Any, given: str, answered: str
) -> None:
    outputs = np.asarray([trained.manifest.fallback] * 2, dtype=np.float32)
    call = codec.decode(spell(request() | {"id": given}))
    assert json.loads(codec.encode(call, Prediction(outputs, False), "ab12"))["id"] == answered


def test_the_inputs_own_complaints_are_placed_in_the_request(
    codec: InferenceCodec,
) -> None:
    with pytest.raises(errors.InvalidInputError) as caught:
        codec.decode(spell(request(text={"data": ["fine", "refuse me"]})))
    assert caught.value.errors == (("/inputs/3/data/1", "as it wished"),)


def test_warnings_stand_beside_the_answer(codec: InferenceCodec, trained: Any) -> None:
    outputs = np.asarray([trained.manifest.fallback] * 2, dtype=np.float32)
    call = codec.decode(
        spell(request(text={"data": ["a", "longer than it may be"]}) | {"id": "mine"})
    )
    answer = json.loads(codec.encode(call, Prediction(outputs, False), "ab12"))
    assert (call.id, call.rows) == ("mine", 2)
    assert answer["parameters"]["warnings"] == ["/1/text: cut"]
