"""Makes models that take a given time: a trained one's graph with a dense network beside it.

One row reads the network's weights from memory in each layer, as large networks do; more rows use
what was read, so that a call of many rows costs less than as many calls. The network's output is
made nearly nothing and added, so that answers stay those of the trained model.
"""

import time
from statistics import median

import numpy as np
import onnx
import onnxruntime as ort
from modelserve import artifact as artifacts
from onnx import TensorProto, helper, numpy_helper

WIDTH = 3_072  # 36 MiB of weights: more than a processor keeps in its caches
TRIAL = 4  # layers that are measured, to find how many are needed
NOTHING = 1e-30
FLOAT = TensorProto.FLOAT


def slow_graph(content, layers):
    """Return a graph of one input and one output with so many dense layers beside it."""
    graph = onnx.load_from_string(content)
    (given,), (output,) = graph.graph.input, graph.graph.output
    for node in graph.graph.node:
        node.output[:] = ["fast" if name == output.name else name for name in node.output]
    draw = np.random.default_rng(7)
    fields = given.type.tensor_type.shape.dim[1].dim_value
    weights = {
        "first": draw.standard_normal((fields, WIDTH)),
        "inner": draw.standard_normal((WIDTH, WIDTH)) / WIDTH**0.5,
        "last": np.full((WIDTH, 1), NOTHING),
    }
    constants = {name: numpy_helper.from_array(w.astype("f4"), name) for name, w in weights.items()}
    count = numpy_helper.from_array(np.array(layers, dtype="i8"), "layers")
    graph.graph.initializer.extend([constants["first"], constants["last"], count])
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go_on"], ["go_on_again"]),
            helper.make_node("MatMul", ["hidden", "inner"], ["sums"]),
            helper.make_node("Tanh", ["sums"], ["next_hidden"]),
        ],
        "layer",
        [
            helper.make_tensor_value_info("layer", TensorProto.INT64, []),
            helper.make_tensor_value_info("go_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("hidden", FLOAT, [None, WIDTH]),
        ],
        [
            helper.make_tensor_value_info("go_on_again", TensorProto.BOOL, []),
            helper.make_tensor_value_info("next_hidden", FLOAT, [None, WIDTH]),
        ],
        [constants["inner"]],  # in the loop: the weights are laid out once, not for each layer
    )
    graph.graph.node.extend(
        [
            helper.make_node("MatMul", [given.name, "first"], ["entered"]),
            helper.make_node("Loop", ["layers", "", "entered"], ["left"], body=body),
            helper.make_node("MatMul", ["left", "last"], ["nearly_nothing"]),
            helper.make_node("Add", ["fast", "nearly_nothing"], [output.name]),
        ]
    )
    return graph.SerializeToString()


def call_ms(content, rows, *, runs=5):
    """Return the median time of a call with so many rows, with one thread."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(content, options, ["CPUExecutionProvider"])
    (given,) = session.get_inputs()
    tensors = {given.name: np.ones((rows, given.shape[1]), dtype="f4")}
    session.run(None, tensors)
    times = []
    for _ in range(runs):
        started = time.perf_counter()
        session.run(None, tensors)
        times.append(time.perf_counter() - started)
    return median(times) * 1e3


def make_slow(model, folder, target_ms):
    """Write an artifact like a trained one but so slow for one row; return its graph."""
    trained = artifacts.load(model)
    content = trained.model.read_bytes()
    one_layer_ms = call_ms(slow_graph(content, TRIAL), 1, runs=20) / TRIAL
    graph = slow_graph(content, max(1, round(target_ms / one_layer_ms)))
    files = {name: each for name, each in trained.paths.items() if name != trained.model.name}
    artifacts.save(folder, trained.manifest, files | {trained.model.name: graph})
    return graph
