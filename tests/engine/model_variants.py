"""Artifacts of other versions of a trained classifier: its graph, with the labels rotated."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from modelserve import artifact
from modelserve.artifact import GOLDEN, Artifact
from onnx import helper, numpy_helper


def roll_outputs(content: bytes, shift: int) -> bytes:
    """Return a classifier's graph that gives each label the probability of another one."""
    graph = onnx.load_from_string(content)
    (output,) = graph.graph.output
    for node in graph.graph.node:
        node.output[:] = ["unrolled" if name == output.name else name for name in node.output]
        node.input[:] = ["unrolled" if name == output.name else name for name in node.input]
    size = output.type.tensor_type.shape.dim[1].dim_value
    order = np.roll(np.arange(size, dtype=np.int64), shift)
    graph.graph.initializer.append(numpy_helper.from_array(order, "order"))
    graph.graph.node.append(
        helper.make_node("Gather", ["unrolled", "order"], [output.name], axis=1)
    )
    content = graph.SerializeToString()
    return bytes(content)


def save_variant(
    trained: Artifact, folder: Path, version: str, *, shift: int = 1, **manifest: Any
) -> Artifact:
    """Save another version of a classifier, which differs in its answers; return its artifact.

    Args:
        trained: the artifact to change.
        folder: of the new one; an artifact in it is replaced in one step.
        version: the new one's.
        shift: by which the probabilities are rotated.
        manifest: further fields to change.
    """
    files: dict[str, Any] = dict(trained.paths)
    if shift:
        files[artifact.MODEL] = roll_outputs(trained.model.read_bytes(), shift)
        cases = trained.read_json(GOLDEN)
        cases = [each | {"output": np.roll(each["output"], shift).tolist()} for each in cases]
        files[GOLDEN] = artifact.to_text(cases)
    changed = trained.manifest.model_copy(update={"version": version, **manifest})
    return artifact.save(folder, changed, files)


def break_manifest(folder: Path, **changes: Any) -> None:
    """Change fields of an artifact's manifest, whatever becomes of it."""
    path = folder / artifact.MANIFEST
    content = json.loads(path.read_text(encoding="utf-8")) | changes
    path.write_text(json.dumps(content), encoding="utf-8")
