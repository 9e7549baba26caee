"""Checks at the start that the graph is the one that the manifest describes."""

import logging
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..answers import rounding
from ..artifact import GOLDEN, Artifact
from ..errors import ArtifactError, describe_error
from ..hook_calls import load_model, package_of, place_of
from ..types import Model, Tensor
from .inputs import Inputs
from .output_validator import FAILED
from .runtime import OnnxModel

if TYPE_CHECKING:
    from ..service import Service

LONGEST = 300  # characters of the differences in a message
DATATYPES = {"float32": "FP32", "int64": "INT64", "object": "BYTES"}
# Graphs of integers of 8 bits may differ by more than by rounding, another model by more still.
LIMIT = 0.05
LEAST = 0.001  # a difference by rounding is so small a share of what it may be judged by

log = logging.getLogger(__name__)


def failed_at_start(service: "Service", error: Exception) -> ArtifactError:
    """Return what to raise when a model failed on an example row."""
    return ArtifactError(f"{FAILED}: {error!r}{place_of(error, package_of(service))}")


def load_verified(service: "Service", *, threads: int) -> Model:
    """Return the service's model; the artifact's own graph is compared with its manifest.

    A model of the project's, from `load_model`, may take and answer what it likes.

    Args:
        service: has the artifact and the hook.
        threads: that one call may use.

    Raises:
        ArtifactError: the model cannot be loaded, or the graph takes or returns other tensors than
            the manifest says, or does not answer a golden case as it did in training.
    """
    model = load_model(service, service.artifact, threads=threads)
    if isinstance(model, OnnxModel) and not service.overrides("load_model"):
        check_signature(model, service.codec.inputs, service.artifact)
        check_golden_case(model, service.codec.inputs, service.artifact)
    return model


def check_signature(model: OnnxModel, inputs: Inputs, artifact: Artifact) -> None:
    """Compare a graph's inputs and output with the manifest's features and labels.

    Raises:
        ArtifactError: they differ; the message has each difference.
    """
    arrays = inputs.gather([inputs.example()]).tensors
    taken = {tensor.name: tensor for tensor in model.inputs}
    faults = [
        *(f"its input {name!r} is none of the manifest's" for name in taken.keys() - arrays.keys()),
        *(f"it has no input {name!r}" for name in arrays.keys() - taken.keys()),
        *(
            f"its input {name!r} is {_show(taken[name])}, "
            f"not {DATATYPES[array.dtype.name]} {_shape(array)}"
            for name, array in arrays.items()
            if name in taken and not _takes(taken[name], array)
        ),
        *_output_faults(model.output, len(artifact.manifest.fallback)),
    ]
    if faults:
        raise ArtifactError(
            f"The graph in {artifact.folder} does not match its manifest: "
            f"{'; '.join(faults)[:LONGEST]}. Copy it again, or train again."
        )


def check_golden_case(model: Model, inputs: Inputs, artifact: Artifact) -> None:
    """Compare the graph's outputs for the first golden case, if there is one, with training's.

    Raises:
        ArtifactError: the case cannot be answered, or the outputs are another model's.
    """
    if GOLDEN not in artifact.manifest.files:
        return
    cases = artifact.read_json(GOLDEN)
    try:
        expected = np.asarray(cases[0]["output"], dtype=np.float64)
        outputs = model.run(inputs.gather([cases[0]["input"]]).tensors)
        rounded = rounding(case["output"] for case in cases)
        difference = _difference(outputs, expected)
    except Exception as error:  # onnxruntime's errors have no common base but Exception
        raise ArtifactError(
            f"The graph in {artifact.folder} fails on the first case in {GOLDEN}: "
            f"{describe_error(error)}. Copy it again, or train again."
        ) from error
    # Of a value, or of probabilities, which sum to 1; a value near 0 is what rounding leaves of it.
    size = 1.0 if artifact.manifest.labels else max(abs(expected[0]), rounded / LEAST)
    if not difference <= LIMIT * size:
        raise ArtifactError(
            f"The graph in {artifact.folder} answers the first case in {GOLDEN} by "
            f"{_show_values(outputs)}, not {_show_values(expected)}. Copy it again, or train again."
        )
    if difference > rounded:
        log.warning("golden case answered differently", extra={"difference": difference})


def _output_faults(output: Tensor, n_outputs: int) -> Iterator[str]:
    if output.datatype != "FP32":
        yield f"its output is {output.datatype}, not FP32"
    if output.shape and (len(output.shape) != 2 or output.shape[1] not in (-1, n_outputs)):
        yield f"its output has shape {list(output.shape)}, not {[-1, n_outputs]}"


def _takes(tensor: Tensor, array: NDArray[Any]) -> bool:
    """Return whether an input takes an array, whose number of rows is free."""
    if tensor.datatype != DATATYPES[array.dtype.name]:
        return False
    if len(tensor.shape) != array.ndim or tensor.shape[0] != -1:
        return False
    sizes = zip(tensor.shape[1:], array.shape[1:], strict=True)
    return all(wanted in (-1, size) for wanted, size in sizes)


def _difference(outputs: NDArray[Any], expected: NDArray[np.float64]) -> float:
    """Return the largest difference; NaN if there is none that is finite."""
    if outputs.shape != (1, *expected.shape):
        raise ValueError(f"its outputs have shape {outputs.shape}, not {(1, *expected.shape)}")
    with np.errstate(invalid="ignore"):  # infinity minus infinity
        differences = np.abs(outputs[0] - expected)
    return float(differences.max(initial=0)) if np.isfinite(differences).all() else math.nan


def _show(tensor: Tensor) -> str:
    return f"{tensor.datatype} {list(tensor.shape)}"


def _shape(array: NDArray[Any]) -> list[int]:
    return [-1, *array.shape[1:]]


def _show_values(values: NDArray[Any]) -> str:
    return str([round(float(value), 6) for value in values.ravel()[:5]])
