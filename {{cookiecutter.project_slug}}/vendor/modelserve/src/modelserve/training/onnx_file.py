"""Read an ONNX file from another tool, and check that the served ONNX Runtime loads it."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import onnx
import onnxruntime as ort
from onnx import numpy_helper
from onnx.external_data_helper import uses_external_data

from ..errors import TrainingError

LONGEST = 300  # characters of a library's message
MAX_BYTES = 2**31 - 2**20  # protobuf holds 2 GiB, and the new inputs and output need a little
RANDOM = {
    *("Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform"),
    "RandomUniformLike",
}
MIN_OPSET = 7  # ONNX Runtime supports no older one
OTHER_FORMATS = {
    b"version https://git-lfs": "a Git LFS pointer; fetch the file itself by `git lfs pull`",
    b"PK\x03\x04": "a zip archive, such as a PyTorch or Keras file; export the model to ONNX first",
    b"\x89HDF": "an HDF5 file, such as a Keras model; export the model to ONNX first",
    b"\x80": "a Python pickle; export the model to ONNX first",
    b"<": "a web page, not a model; download the file itself",
}

CODE = re.compile(r"\[ONNXRuntimeError\] : \d+ : \w+ : ")
PLACE = re.compile(r"/\S+\.(?:cc|h):\d+ [^()]*\([^()]*\)(?: const)? ")
NEWER_IR = re.compile(r"Unsupported model IR version: (\d+), max supported IR version: (\d+)")
NEWER_OPSET = re.compile(r"Opset (\d+) is under development.*for domain (\S+) is till opset (\d+)")
UNKNOWN_OPERATOR = re.compile(r"(\S+):(\w+)\(-?\d+\) is not a registered function/op")
NO_OPERATOR = re.compile(r"No Op registered for (\w+) with domain_version of (\d+)")


def read(path: Path) -> onnx.ModelProto:
    """Return the graph in a file, with the weights that lie in files beside it.

    Raises:
        TrainingError: the file is missing, is no ONNX graph, lacks its weights, is too large,
            or needs another version of ONNX Runtime or operators that it does not have; or it
            answers by chance.
    """
    try:
        with path.open("rb") as stream:
            head = stream.read(64)
    except OSError as error:
        raise TrainingError(f"{path} cannot be read: {error.strerror or error}.") from error
    try:
        model = onnx.load(path, load_external_data=False)
    except Exception as error:  # protobuf's errors have no common base but Exception
        raise not_a_graph(path, head, error) from error
    if not (model.graph.node and model.graph.output):
        raise not_a_graph(path, head, "it has no nodes or no outputs")
    if missing := [name for name in external_files(model) if not (path.parent / name).is_file()]:
        raise TrainingError(
            f"{path.name} has its weights in {missing[0][:LONGEST]}, which is not beside it. Copy "
            "both files, or export one: torch.onnx.export(…, external_data=False)."
        )
    try:
        onnx.load_external_data_for_model(model, str(path.parent))
    except Exception as error:  # onnx raises errors of many types
        raise not_a_graph(path, head, error) from error
    if model.ByteSize() > MAX_BYTES:
        raise TrainingError(
            f"{path.name} has {model.ByteSize():,} bytes with its weights; one ONNX file holds "
            f"{MAX_BYTES:,} at most. Export it in half precision, or quantise it."
        )
    check_versions(path, model)
    try:
        onnx.checker.check_model(model)
    except Exception as error:  # onnx raises errors of many types
        raise not_a_graph(path, head, error) from error
    check_chance(path, model)
    return model


def check_chance(path: Path, model: onnx.ModelProto) -> None:
    """Check that a graph's answers do not depend on chance.

    Args:
        path: of the graph's file, for the message.
        model: the graph.

    Raises:
        TrainingError: it has operators that draw random numbers; they are named.
    """
    parts = [model.graph.node, *(function.node for function in model.functions)]
    constants = {each.name: each for each in model.graph.initializer}
    nodes = [node for part in parts for node in _all_nodes(part)]
    for node in nodes:
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            constants[node.output[0]] = node.attribute[0].t
    random = dict.fromkeys(node.op_type for node in nodes if node.op_type in RANDOM)
    if any(node.op_type == "Dropout" and _trains(node, constants) for node in nodes):
        random["Dropout in training mode"] = None
    if random:
        raise TrainingError(
            f"{path.name} answers by chance: it has {', '.join(random)}. Export it in evaluation "
            "mode, model.eval() in torch, and without operators that draw random numbers."
        )


def _all_nodes(nodes: Iterable[onnx.NodeProto]) -> Iterator[onnx.NodeProto]:
    """Yield nodes, and those in their branches and loops."""
    for node in nodes:
        yield node
        for attribute in node.attribute:
            for graph in (attribute.g, *attribute.graphs):
                yield from _all_nodes(graph.node)


def _trains(node: onnx.NodeProto, constants: Mapping[str, onnx.TensorProto]) -> bool:
    """Return whether the third input of a Dropout, if it has one, is true."""
    mode = constants.get(node.input[2]) if len(node.input) > 2 else None
    return mode is not None and bool(numpy_helper.to_array(mode).any())


def external_files(model: onnx.ModelProto) -> list[str]:
    """Return the names of the files that hold weights of a graph that was read without them."""
    return list(
        dict.fromkeys(
            entry.value
            for tensor in model.graph.initializer
            if uses_external_data(tensor)
            for entry in tensor.external_data
            if entry.key == "location"
        )
    )


def files_of(path: Path) -> list[Path]:
    """Return the files that a graph consists of: its own, and those with its weights.

    Args:
        path: of a graph that `read` returned.
    """
    beside = external_files(onnx.load(path, load_external_data=False))
    return [path, *(path.parent / name for name in beside)]


def check_versions(path: Path, model: onnx.ModelProto) -> None:
    """Check that the installed ONNX Runtime, which also serves, loads a graph.

    Args:
        path: of the graph's file, for the message.
        model: the graph, with its weights.

    Raises:
        TrainingError: it does not; the message names versions or operators, and the way out.
    """
    opsets = {each.domain: each.version for each in model.opset_import}
    if (opset := opsets.get("", opsets.get("ai.onnx", MIN_OPSET))) < MIN_OPSET:
        raise TrainingError(
            f"{path.name} has opset {opset}; ONNX Runtime {ort.__version__} supports {MIN_OPSET} "
            "and newer. Export it again by a newer version of its tool."
        )
    options = ort.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        content = model.SerializeToString()
        ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors have no common base but Exception
        raise TrainingError(explain(path, str(error))) from error


def explain(path: Path, reason: str) -> str:
    """Return why ONNX Runtime does not load a file, and the way out.

    Args:
        path: of the file.
        reason: ONNX Runtime's message.
    """
    runtime = f"ONNX Runtime {ort.__version__}"
    text = " ".join(reason.split())
    if found := NEWER_IR.search(text):
        return (
            f"{path.name} has IR version {found[1]}; {runtime} supports {found[2]} at most. Set "
            f"ir_version = {found[2]} on the model by the package onnx, or update onnxruntime."
        )
    if found := NEWER_OPSET.search(text):
        return (
            f"{path.name} has opset {found[1]} of {found[2]}; {runtime} supports {found[3]} at "
            f"most. Export it again with that one, such as target_opset={found[3]} or "
            f"opset_version={found[3]}; or update onnxruntime."
        )
    if found := UNKNOWN_OPERATOR.search(text):
        return (
            f"{path.name} uses the custom operator {found[2]} of the domain {found[1]}, which "
            f"{runtime} does not have. Export it again with standard operators only, or serve it "
            "by `load_model` with a runtime of your own."
        )
    if found := NO_OPERATOR.search(text):
        return (
            f"{path.name} uses the operator {found[1]}, which opset {found[2]} does not have. "
            "Export it again by a newer version of its tool."
        )
    return f"{path.name} is not an ONNX graph that {runtime} loads: {one_line(reason)}"


def not_a_graph(path: Path, head: bytes, reason: object) -> TrainingError:
    """Return the error for a file without a valid graph, which names the file's real format."""
    known = (text for start, text in OTHER_FORMATS.items() if head.startswith(start))
    text = next(known, one_line(reason))
    return TrainingError(f"{path.name} is not an ONNX graph: {text}")


def one_line(reason: object) -> str:
    """Return a library's message as one short line, without codes and places in C++ sources."""
    text = CODE.sub("", " ".join(str(reason).split()))
    return PLACE.sub("", text)[:LONGEST].rstrip(" .")
