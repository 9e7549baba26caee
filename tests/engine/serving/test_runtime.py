"""ONNX Runtime, behind the one module that knows it."""

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from modelserve import errors
from modelserve.serving import runtime
from modelserve.serving.codec import JsonCodec
from modelserve.serving.runtime import OnnxModel, measure_ms
from modelserve.types import Outputs, Tensors

FAMILIES = ("iris", "diabetes", "sentiment")


def test_the_graph_gives_the_golden_answers(trained: Any, golden: list[dict[str, Any]]) -> None:
    call = JsonCodec(trained, max_rows=1).gather([case["input"] for case in golden])
    outputs = OnnxModel(trained.model).run(call.tensors)
    expected = np.asarray([case["output"] for case in golden])
    assert outputs.dtype == np.float32
    assert outputs.shape == (len(golden), len(trained.manifest.fallback))
    np.testing.assert_allclose(outputs, expected, rtol=1e-5, atol=1e-5)


def test_the_graph_takes_what_the_codec_gives(trained: Any, row: dict[str, Any]) -> None:
    call = JsonCodec(trained, max_rows=1).gather([row])
    model = OnnxModel(trained.model)
    assert {tensor.name for tensor in model.inputs} == call.tensors.keys()
    for tensor in model.inputs:
        assert tensor.shape[0] == -1, "the number of rows is not free"
        assert len(tensor.shape) == call.tensors[tensor.name].ndim


SIGNATURE = "cuda_call.cc:122 " + "onnxruntime::CudaCall(ERRTYPE, const char*) [with x = y] " * 12


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param(
            f"{SIGNATURE}CUDA failure 35: CUDA driver version is insufficient ; GPU=-1 ; line=336",
            "CUDA failure 35: CUDA driver version is insufficient ; GPU=-1 ; line=336",
            id="behind a signature",
        ),
        pytest.param("two\n  lines", "two lines", id="lines"),
        pytest.param("a" * 9_000, "a" * runtime.LONGEST, id="long"),
    ],
)
def test_a_reason_is_short_and_says_what_failed(text: str, reason: str) -> None:
    """CUDA's own words come after hundreds of characters of C++."""
    assert runtime.reason_of(RuntimeError(text)) == reason


def test_one_call_is_measured(trained: Any, row: dict[str, Any]) -> None:
    call = JsonCodec(trained, max_rows=1).gather([row])
    assert measure_ms(OnnxModel(trained.model), call.tensors, runs=3) > 0


class Counting:
    """A model that counts its calls, which take 5 ms."""

    calls = 0

    def run(self, tensors: Tensors) -> Outputs:
        """Wait."""
        self.calls += 1
        time.sleep(0.005)
        return np.zeros((1, 1), np.float32)


@pytest.mark.parametrize(("limit_s", "most"), [(0, 1), (0.012, 3), (60, 4)])
def test_measuring_ends_in_time(limit_s: float, most: int) -> None:
    model = Counting()
    assert measure_ms(model, {}, runs=4, limit_s=limit_s) >= 5
    assert 2 <= model.calls <= 1 + most


def test_without_the_private_session_the_public_one_answers_the_same(
    trained: Any, row: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    call = JsonCodec(trained, max_rows=1).gather([row])
    expected = OnnxModel(trained.model).run(call.tensors)
    monkeypatch.setattr(runtime, "INNER_SESSION", "_renamed")
    public = OnnxModel(trained.model)
    assert public._call.__self__ is public._session
    np.testing.assert_array_equal(public.run(call.tensors), expected)


@pytest.mark.parametrize(
    "content", [pytest.param(b"no graph", id="odd"), pytest.param(None, id="missing")]
)
def test_a_file_that_is_no_graph_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "model.onnx"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(errors.ArtifactError, match=r"cannot load .*model\.onnx"):
        OnnxModel(path)
