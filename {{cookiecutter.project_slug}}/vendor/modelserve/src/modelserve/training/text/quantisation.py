"""Weights of 8 bits instead of 32: a quarter of the size, and quicker on most processors."""

import tempfile
from pathlib import Path

import onnx
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.quant_utils import add_pre_process_metadata

from ...artifact import Content


def quantise(graph: Content) -> bytes:
    """Return a graph with its weights as integers of 8 bits.

    Source: ONNX Runtime's documentation, "Quantize ONNX models", dynamic quantization.
    """
    model = onnx.load_from_string(graph if isinstance(graph, bytes) else graph.read_bytes())
    # The quantiser turns weights round, and would find their former shapes among these; it infers
    # all of them anew.
    del model.graph.value_info[:]
    add_pre_process_metadata(model)  # or it logs a warning that this was not done
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder, "small.onnx")
        # Unsigned: products with signed weights overflow on processors of before 2019.
        quantize_dynamic(model, small, weight_type=QuantType.QUInt8)
        return small.read_bytes()
