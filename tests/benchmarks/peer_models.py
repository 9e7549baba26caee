"""Makes the benchmark's models: an artifact of this library, and what peers load."""

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import joblib
import make_transformer
import numpy as np
import onnx
from onnx import helper, numpy_helper
from skl2onnx import to_onnx
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tests.engine.families import assemble  # pylint: disable=import-error  # by bench_peers

WIDTH = 4096
OPSET = 18
FLOAT = onnx.TensorProto.FLOAT


def read(path):
    """Return the rows and the labels of a sample."""
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    if "text" in rows[0]:
        return [row["text"] for row in rows], [row["label"] for row in rows]
    labels = [row.pop("species") for row in rows]
    return [[float(value) for value in row.values()] for row in rows], labels


def fit_dense(features, labels):
    """Return a network of 4, 4096, 4096 and 3 units, 64 MiB, of which the last layer is fitted."""
    random = np.random.default_rng(20)
    scaler = StandardScaler().fit(features)
    first = random.normal(0, 0.5, (4, WIDTH)) / scaler.scale_[:, None]
    shift = -scaler.mean_ @ first
    second = random.normal(0, np.sqrt(2 / WIDTH), (WIDTH, WIDTH))
    hidden = np.maximum(np.maximum(features @ first + shift, 0) @ second, 0)
    head = LogisticRegression(max_iter=5_000, C=0.01).fit(hidden, labels)
    layers = [
        (first, shift),
        (second, np.zeros(WIDTH)),
        (head.coef_.T, head.intercept_),
    ]
    nodes, weights, value = [], [], "features"
    for number, (weight, bias) in enumerate(layers):
        for name, array in ((f"weight_{number}", weight), (f"bias_{number}", bias)):
            weights.append(numpy_helper.from_array(array.astype(np.float32), name))
        inputs = [value, f"weight_{number}", f"bias_{number}"]
        nodes.append(helper.make_node("Gemm", inputs, [f"layer_{number}"]))
        value = f"layer_{number}"
        if number < len(layers) - 1:
            nodes.append(helper.make_node("Relu", [value], [f"active_{number}"]))
            value = f"active_{number}"
    nodes.append(helper.make_node("Softmax", [value], ["probabilities"], axis=1))
    graph = helper.make_graph(
        nodes,
        "dense",
        [helper.make_tensor_value_info("features", FLOAT, ["rows", 4])],
        [helper.make_tensor_value_info("probabilities", FLOAT, ["rows", 3])],
        weights,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=9)


def make(kind, folder):
    """Write a model, and return its project; a folder that is complete stays as it is.

    The folder gets "project" with the artifact in its "model", and "peer" with what peers load.
    """
    project, peer, done = folder / "project", folder / "peer", folder / "done.json"
    if done.is_file():
        return
    shutil.rmtree(folder, ignore_errors=True)
    peer.mkdir(parents=True)
    family = assemble("sentiment" if kind == "minilm" else "iris", project)
    sample = project / "data" / ("opinions.csv" if kind == "minilm" else "iris.csv")
    rows, labels = read(sample)
    if kind == "minilm":
        make_transformer.make("minilm", peer)
        make_transformer.configure(project, peer)
        command = ["train"]
    else:
        config = project / "config" / "training.toml"
        text = config.read_text("utf-8").replace("25_000_000", "250_000_000")
        config.write_text(text, encoding="utf-8")
        if kind == "iris":
            model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1_000))
            model.fit(np.array(rows), labels)
            joblib.dump(model, peer / "model.joblib")
            example = np.array(rows[:1], dtype=np.float32)
            onnx.save(to_onnx(model, example, options={"zipmap": False}), peer / "model.onnx")
        else:
            onnx.save(fit_dense(np.array(rows), labels), peer / "model.onnx")
        names = ",".join(sorted(set(labels)))
        command = ["import-onnx", str(peer / "model.onnx"), "--labels", names]
        if kind == "iris":
            command += ["--output-name", "probabilities"]
    run(family, command)
    done.write_text(json.dumps({"package": family.package}), encoding="utf-8")


def run(family, command):
    """Run a command of a project, by the library in place."""
    done = subprocess.run(
        [*family.command, *command], cwd=family.root, capture_output=True, text=True, check=False,
        env=os.environ | {"PYTHONPATH": family.python_path},
    )  # fmt: skip
    if done.returncode:
        sys.exit(f"{family.name} was not made:\n{done.stdout}\n{done.stderr}")


def sample_rows(kind, folder, count):
    """Return rows of the sample, evenly spaced, as the peers take them."""
    name = "opinions.csv" if kind == "minilm" else "iris.csv"
    rows, _ = read(Path(folder) / "project" / "data" / name)
    return rows[:: len(rows) // count][:count]
