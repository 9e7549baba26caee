"""The graph in ONNX Runtime's own format, which its builds for phones and devices read."""

import tempfile
from pathlib import Path

import numpy as np
import onnxruntime as ort

from ..errors import ExportError
from ..service import Service
from ..serving.runtime import OnnxModel, reason_of
from .golden import golden_tolerance, read_cases

SAVE_FORMAT = "session.save_model_format"


def export_ort(service: Service, path: Path) -> int:
    """Write the graph, compare its answers with the golden cases, and return their number.

    Args:
        service: of the model.
        path: of the file, which ends in `.ort`: by that, ONNX Runtime recognises the format.

    Raises:
        ExportError: the service loads another model than the graph, ONNX Runtime cannot convert it,
            the written graph answers otherwise, or the file cannot be written.
    """
    if service.overrides("load_model"):
        raise ExportError(
            "service.py overrides load_model: another model than the graph answers. "
            "Export that one."
        )
    if path.suffix != ".ort":
        raise ExportError(f"{path}: the name has to end in .ort, which ONNX Runtime goes by.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}-") as scratch:
            fresh = Path(scratch, path.name)
            convert(service.artifact.model, fresh)
            count = check(service, fresh)
            fresh.replace(path)
    except OSError as error:
        raise ExportError(f"{path} cannot be written: {error}") from error
    return count


def convert(graph: Path, path: Path) -> None:
    """Write a graph in ONNX Runtime's format, as its own tool for conversion does.

    Only optimisations that hold on every processor are applied.

    Raises:
        ExportError: ONNX Runtime cannot.
    """
    options = ort.SessionOptions()
    options.log_severity_level = 3
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(path)
    options.add_session_config_entry(SAVE_FORMAT, "ORT")
    try:
        ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        # ONNX Runtime's errors have no common base but Exception.
        raise ExportError(f"ONNX Runtime cannot convert {graph}: {reason_of(error)}") from error


def check(service: Service, path: Path) -> int:
    """Return the number of golden cases, all of which a graph answers.

    Args:
        service: whose inputs turn rows into tensors.
        path: of the graph.

    Raises:
        ExportError: it answers otherwise than in training.
    """
    cases = read_cases(service.artifact)
    tolerance = golden_tolerance(cases)
    model, inputs = OnnxModel(path), service.codec.inputs
    for i, case in enumerate(cases):
        actual = model.run(inputs.gather([case["input"]]).tensors)[0]
        difference = float(np.abs(actual - np.array(case["output"])).max())
        if not difference <= tolerance:
            raise ExportError(
                f"The converted graph differs by {difference:g} from training's answer to the "
                f"golden case {i}; at most {tolerance:g} is rounding. Nothing was written."
            )
    return len(cases)
