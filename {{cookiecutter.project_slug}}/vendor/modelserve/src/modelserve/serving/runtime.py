"""The only module that knows ONNX Runtime."""

import time
from pathlib import Path
from statistics import median

import onnxruntime as ort

from ..errors import ArtifactError
from ..types import Model, Outputs, Tensor, Tensors

LONGEST = 500  # characters of ONNX Runtime's message
INNER_SESSION = "_sess"
DATATYPES = {
    "tensor(float)": "FP32",
    "tensor(double)": "FP64",
    "tensor(int64)": "INT64",
    "tensor(int32)": "INT32",
    "tensor(bool)": "BOOL",
    "tensor(string)": "BYTES",
}


class OnnxModel:
    """A loaded ONNX graph with one float output.

    Args:
        path: the graph's file.
        threads: of one call; one is fastest for small models and many requests.

    Raises:
        ArtifactError: ONNX Runtime cannot load the file.
    """

    def __init__(self, path: Path, *, threads: int = 1) -> None:
        """Load and optimise the graph."""
        ort.disable_telemetry_events()  # a service sends nothing to third parties
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's errors have no common base but Exception
            reason = " ".join(str(error).split())[:LONGEST]
            raise ArtifactError(f"ONNX Runtime cannot load {path}: {reason}") from error
        self.inputs = tuple(_tensor(node) for node in self._session.get_inputs())
        self.output = _tensor(self._session.get_outputs()[0])
        self._names = [self.output.name]
        # InferenceSession.run checks the names and calls this; the names are the graph's own here.
        # The attribute is private: without it, the public method answers.
        self._call = getattr(self._session, INNER_SESSION, self._session).run

    def run(self, tensors: Tensors) -> Outputs:
        """Return the graph's output of shape (rows, n_outputs) for tensors by input name."""
        outputs: Outputs = self._call(self._names, tensors, None)[0]
        return outputs


def measure_ms(model: Model, tensors: Tensors, *, runs: int = 20) -> float:
    """Return the median time of one call in milliseconds, after a warm-up."""
    model.run(tensors)
    times = []
    for _ in range(runs):
        started = time.perf_counter()
        model.run(tensors)
        times.append(time.perf_counter() - started)
    return median(times) * 1e3


def _tensor(node: ort.NodeArg) -> Tensor:
    shape = tuple(size if isinstance(size, int) else -1 for size in node.shape)
    return Tensor(node.name, DATATYPES.get(node.type, node.type), shape)
