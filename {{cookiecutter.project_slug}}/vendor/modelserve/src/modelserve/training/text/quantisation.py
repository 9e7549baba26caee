"""Quantise weights to 8 bits: a quarter of the size, and quicker on most processors."""

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
    # The quantiser transposes weights and would find their old shapes here; it infers all of them.
    del model.graph.value_info[:]
    add_pre_process_metadata(model)  # or the quantiser logs a warning
    with tempfile.TemporaryDirectory() as folder:
        quantised = Path(folder, "quantised.onnx")
        # Unsigned: products with signed weights overflow on processors from before 2019.
        quantize_dynamic(model, quantised, weight_type=QuantType.QUInt8)
        return quantised.read_bytes()
