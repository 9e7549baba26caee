"""ONNX Runtime, behind the one module that knows it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from package import errors
from package.serving.codec import JsonCodec
from package.serving.runtime import Runtime, measure_ms


def test_the_graph_gives_the_golden_answers(found: Any, golden: list[dict[str, Any]]) -> None:
    call = JsonCodec(found, max_rows=1).gather([case["input"] for case in golden])
    outputs = Runtime(found.model).run(call.feeds)
    expected = np.asarray([case["output"] for case in golden])
    assert outputs.dtype == np.float32
    assert outputs.shape == (len(golden), len(found.manifest.prior))
    np.testing.assert_allclose(outputs, expected, rtol=1e-5, atol=1e-5)


def test_the_graph_takes_what_the_codec_gives(found: Any, row: dict[str, Any]) -> None:
    call = JsonCodec(found, max_rows=1).gather([row])
    runtime = Runtime(found.model)
    assert {tensor.name for tensor in runtime.inputs} == call.feeds.keys()
    for tensor in runtime.inputs:
        assert tensor.shape[0] == -1, "the number of rows is not free"
        assert len(tensor.shape) == call.feeds[tensor.name].ndim


def test_one_call_is_measured(found: Any, row: dict[str, Any]) -> None:
    call = JsonCodec(found, max_rows=1).gather([row])
    assert measure_ms(Runtime(found.model), call.feeds, runs=3) > 0


@pytest.mark.parametrize(
    "content", [pytest.param(b"no graph", id="odd"), pytest.param(None, id="missing")]
)
def test_a_file_that_is_no_graph_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "model.onnx"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(errors.ArtifactError, match=r"cannot load .*model\.onnx"):
        Runtime(path)
