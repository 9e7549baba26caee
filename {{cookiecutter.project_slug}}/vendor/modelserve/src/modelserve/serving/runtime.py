"""The only module that knows ONNX Runtime."""

import re
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

from ..errors import ArtifactError
from ..types import Model, Outputs, Tensor, Tensors

LONGEST = 500  # characters of ONNX Runtime's message
FAILURE = re.compile(r"\b[A-Z]+ failure -?\d+: .*")  # a library's, after a long C++ signature
INNER_SESSION = "_sess"
DATATYPES = {
    "tensor(float)": "FP32",
    "tensor(double)": "FP64",
    "tensor(int64)": "INT64",
    "tensor(int32)": "INT32",
    "tensor(bool)": "BOOL",
    "tensor(string)": "BYTES",
}
CPU = "cpu"
PROVIDERS = {
    CPU: "CPUExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "dml": "DmlExecutionProvider",
    "migraphx": "MIGraphXExecutionProvider",
    "openvino": "OpenVINOExecutionProvider",
    "rocm": "ROCMExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
}


class OnnxModel:
    """A loaded ONNX graph with one float output.

    `providers` are those that run it, by the names in PROVIDERS; `missing` says of each requested
    one that does not run it why.

    Args:
        path: the graph's file.
        threads: of one call; one is fastest for small models and many requests.
        providers: requested, the first one that supports an operator runs it; `cpu` is always last.

    Raises:
        ArtifactError: ONNX Runtime cannot load the file.
    """

    def __init__(self, path: Path, *, threads: int = 1, providers: Sequence[str] = (CPU,)) -> None:
        """Load and optimise the graph."""
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # Threads that wait for work by spinning take the processors from requests.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self.missing: dict[str, str] = {}
        self._session = self._load(path, options, providers)
        names = {full: name for name, full in PROVIDERS.items()}
        self.providers: tuple[str, ...] = tuple(
            names.get(each, each) for each in self._session.get_providers()
        )
        for name in providers:
            if name not in self.providers:
                self.missing.setdefault(name, "its libraries or its device were not found")
        self.inputs = tuple(_tensor(node) for node in self._session.get_inputs())
        self.output = _tensor(self._session.get_outputs()[0])
        self._names, self._quiet = [self.output.name], ort.RunOptions()
        self._quiet.log_severity_level = 4  # what fails is raised, and no line between log lines
        # InferenceSession.run checks the names and calls this; the names are the graph's own here.
        # The attribute is private: without it, the public method answers.
        self._call = getattr(self._session, INNER_SESSION, self._session).run
        # Texts cannot be bound.
        if self.on_device and all(each.datatype != "BYTES" for each in self.inputs):
            self._call = BoundCall(self._session)

    @property
    def on_device(self) -> bool:
        """Return whether another device than the processor runs the graph, or parts of it."""
        return self.providers[0] != CPU

    def run(self, tensors: Tensors) -> Outputs:
        """Return the graph's output of shape (rows, n_outputs) for tensors by input name."""
        outputs: Outputs = self._call(self._names, tensors, self._quiet)[0]
        return outputs

    def _load(
        self, path: Path, options: ort.SessionOptions, providers: Sequence[str]
    ) -> ort.InferenceSession:
        """Return a session with the first of the providers that can be used, and those after it."""
        available = ort.get_available_providers()
        for name in providers:
            if PROVIDERS[name] not in available:
                self.missing[name] = "the installed onnxruntime was built without it"
        wanted = [each for each in providers if each not in self.missing and each != CPU]
        while True:
            try:
                # ONNX Runtime's own fallback prints to the output, where log lines are.
                return ort.InferenceSession(
                    path,
                    options,
                    providers=[PROVIDERS[each] for each in (*wanted, CPU)],
                    enable_fallback=0,
                )
            except Exception as error:  # pylint: disable=broad-exception-caught
                # ONNX Runtime's errors have no common base but Exception.
                reason = reason_of(error)
                if not wanted:
                    raise ArtifactError(f"ONNX Runtime cannot load {path}: {reason}") from error
                self.missing[wanted.pop(0)] = reason


def reason_of(error: Exception) -> str:
    """Return what an error of ONNX Runtime says, in one line of bounded length."""
    text = " ".join(str(error).split())
    failure = FAILURE.search(text)
    return (failure[0] if failure else text)[:LONGEST]


class BoundCall:
    """Calls a session whose inputs and outputs are bound to memory of the processor.

    A binding belongs to one thread, which reuses it; it refers to the last inputs until then.

    Args:
        session: with inputs of numbers only.
    """

    def __init__(self, session: ort.InferenceSession) -> None:
        """Bind nothing yet."""
        self._session = session
        self._threads = threading.local()

    def __call__(
        self, names: Sequence[str], tensors: Tensors, options: ort.RunOptions | None
    ) -> list[Any]:
        """Return the outputs of some names, as `InferenceSession.run` does."""
        binding = getattr(self._threads, "binding", None)
        if binding is None:
            binding = self._threads.binding = self._session.io_binding()
        try:
            for name, array in tensors.items():
                binding.bind_cpu_input(name, np.ascontiguousarray(array))
            for name in names:
                binding.bind_output(name)
            self._session.run_with_iobinding(binding, options)
            return list(binding.copy_outputs_to_cpu())
        finally:
            binding.clear_binding_inputs()
            binding.clear_binding_outputs()


def measure_ms(
    model: Model,
    tensors: Tensors,
    *,
    runs: int = 20,
    limit_s: float = float("inf"),
    check: Callable[[Outputs], object] = lambda _: None,
) -> float:
    """Return the least time of one call in milliseconds, after a warm-up.

    Other processes may take the processors meanwhile: the least is what the model itself needs.

    Args:
        model: is called.
        tensors: of the call.
        runs: at most, and at least one.
        limit_s: after which no further call begins.
        check: is given the outputs of the warm-up.
    """
    check(model.run(tensors))
    times: list[float] = []
    while not times or (len(times) < runs and sum(times) < limit_s):
        started = time.perf_counter()
        model.run(tensors)
        times.append(time.perf_counter() - started)
    return min(times) * 1e3


def _tensor(node: ort.NodeArg) -> Tensor:
    shape = tuple(size if isinstance(size, int) else -1 for size in node.shape)
    return Tensor(node.name, DATATYPES.get(node.type, node.type), shape)
