"""Compares a GPU with the processor, for single calls and over HTTP; needs an NVIDIA GPU.

    (cd PROJECT && uvx nox -s train && uvx nox -s lock -- gpu)
    uv venv build/gpu --python 3.12
    uv pip install --python build/gpu -r PROJECT/requirements/gpu.txt onnx scikit-learn tokenizers
    build/gpu/bin/python tests/benchmarks/bench_gpu.py [--project PROJECT] [--json FILE]

Calls of 1 to 256 rows: on all processors, on the GPU by `InferenceSession.run`, and on the GPU with
bound inputs and outputs, which is how the service calls it. With a trained project, its service is
then asked by 1, 32 and 128 clients of one row, with PROVIDERS=cpu and PROVIDERS=cuda,cpu. Read the
ratios. `--cpu-only` runs what needs no GPU: the processor, and bindings to its own memory.
Without a GPU, the exit status is 2.
"""

import argparse
import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import tomllib
import urllib.request
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

import make_transformer
import numpy as np
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

HERE = Path(__file__).parent
LIBRARY = "vendor/modelserve/src"
sys.path.insert(0, str(HERE.parents[1] / "{{cookiecutter.project_slug}}" / LIBRARY))

# pylint: disable-next=wrong-import-position  # the library is not installed here
from modelserve.serving.runtime import BoundCall  # noqa: E402

CPU, CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"
GRAPHS = ("dense", *make_transformer.SHAPES)
ROWS = (1, 4, 16, 64, 256)
CLIENTS = (1, 32, 128)
TOKENS = 32
WIDTH, LAYERS = 3_072, 4
HOST = "127.0.0.1"
NO_GPU = 2


def dense_graph():
    """Return a network of dense layers, of 150 MB."""
    draw = np.random.default_rng(7)
    nodes, weights, value = [], [], "rows"
    for layer in range(LAYERS):
        matrix = draw.standard_normal((WIDTH, WIDTH), dtype=np.float32) / np.float32(WIDTH**0.5)
        weights.append(numpy_helper.from_array(matrix, f"weights-{layer}"))
        nodes.append(helper.make_node("MatMul", [value, f"weights-{layer}"], [f"sums-{layer}"]))
        nodes.append(helper.make_node("Tanh", [f"sums-{layer}"], [f"layer-{layer}"]))
        value = f"layer-{layer}"
    sides = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, WIDTH])
        for name in ("rows", value)
    ]
    graph = helper.make_graph(nodes, "dense", sides[:1], sides[1:], weights)
    opset = [helper.make_opsetid("", make_transformer.OPSET)]
    return helper.make_model(graph, opset_imports=opset, ir_version=9)


def make_graph(name):
    """Return the bytes of a graph by its name."""
    shape = make_transformer.SHAPES.get(name)
    return (make_transformer.draw(shape) if shape else dense_graph()).SerializeToString()


def feeds_of(session, rows):
    """Return random inputs of so many rows, texts of TOKENS tokens each."""
    draw = np.random.default_rng(rows)
    names = [each.name for each in session.get_inputs()]
    if "input_ids" not in names:
        return {names[0]: draw.standard_normal((rows, WIDTH), dtype=np.float32)}
    ids = draw.integers(5, 30_000, (rows, TOKENS))
    return {"input_ids": ids, "attention_mask": np.ones_like(ids)}


def open_session(graph, provider):
    """Return a session; exit if the provider does not run it."""
    options = ort.SessionOptions()
    options.log_severity_level = 3
    wanted = [provider] if provider == CPU else [provider, CPU]
    try:
        session = ort.InferenceSession(graph, options, wanted, enable_fallback=0)
    except Exception as error:  # pylint: disable=broad-exception-caught  # of no common class
        refuse(f"onnxruntime cannot use the GPU: {' '.join(str(error).split())[:300]}")
    if session.get_providers()[0] != provider:
        refuse("onnxruntime has CUDA but fell back to the processor: no driver, device or library")
    return session


def refuse(reason):
    """Exit with the status of a machine without a GPU."""
    print(f"no GPU, nothing was measured: {reason}", file=sys.stderr)
    sys.exit(NO_GPU)


def measure(calls, limit_s):
    """Return the median time in ms of each call by its name, from interleaved rounds."""
    times = {name: [] for name in calls}
    for call in calls.values():
        call()
    started = time.perf_counter()
    while time.perf_counter() - started < limit_s or not all(times.values()):
        for name, call in calls.items():
            begun = time.perf_counter()
            call()
            times[name].append((time.perf_counter() - begun) * 1e3)
    return {name: median(each) for name, each in times.items()}


def bench_calls(name, *, cpu_only, limit_s):
    """Print and return the times of a graph's calls on the processor and on the GPU."""
    graph = make_graph(name)
    print(f"\n{name}, {len(graph) / 1e6:.0f} MB: ms a call")
    sessions = {"cpu": open_session(graph, CPU)}
    device = "cpu" if cpu_only else "cuda"
    if not cpu_only:
        sessions["cuda"] = open_session(graph, CUDA)
    del graph
    outputs = [sessions["cpu"].get_outputs()[0].name]
    bound = BoundCall(sessions[device])
    results = []
    for rows in ROWS:
        feeds = feeds_of(sessions["cpu"], rows)
        calls = {
            each: lambda session=session, feeds=feeds: session.run(outputs, feeds)
            for each, session in sessions.items()
        }
        calls[f"{device}, bound"] = lambda feeds=feeds: bound(outputs, feeds, None)
        answers = [call()[0] for call in calls.values()]
        found = measure(calls, limit_s)
        ratios = {each: found["cpu"] / ms for each, ms in found.items() if each != "cpu"}
        difference = max(float(np.abs(each - answers[0]).max()) for each in answers)
        results.append({"graph": name, "rows": rows, "ms": found, "faster": ratios,
                        "difference": difference})  # fmt: skip
        times = "".join(f"{each} {ms:.2f}   " for each, ms in found.items())
        times += "".join(f"{each}: {ratio:.2f}x   " for each, ratio in ratios.items())
        print(f"{rows:>5} rows   {times}largest difference {difference:.1e}", flush=True)
    return results


@contextmanager
def serve(project, providers, folder):
    """Serve a trained project with some providers; yield its port."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    package = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))["project"]["name"]
    command = [sys.executable, "-m", package.replace("-", "_"), "serve", "--port", str(port)]
    paths = os.pathsep.join(str(project / each) for each in ("src", LIBRARY))
    environment = os.environ | {"PROVIDERS": providers, "PYTHONPATH": paths, "LOG_PROFILE": "json"}
    log = folder / f"{providers}.log"
    with (
        log.open("w") as lines,
        subprocess.Popen(  # it is
            command, cwd=project, env=environment, stdout=lines, stderr=subprocess.STDOUT
        ) as process,
    ):
        try:
            wait_until_ready(port, process, log)
            for line in log.read_text("utf-8").splitlines():
                if "model loaded" in line or "execution provider not used" in line:
                    print(f"{providers}: {line}")
            yield port
        finally:
            process.terminate()


def wait_until_ready(port, process, log):
    """Return when a service answers; exit with its log if it ends before."""
    while True:
        try:
            with urllib.request.urlopen(f"http://{HOST}:{port}/health/ready", timeout=5):
                return
        except OSError:
            if process.poll() is not None:
                sys.exit(f"the service ended:\n{log.read_text('utf-8')}")
            time.sleep(0.2)


async def ask(reader, writer, request, until, times):
    """Send a request again and again over one connection, and note the seconds of each answer."""
    while time.perf_counter() < until:
        started = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        fields = dict(
            line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line
        )
        await reader.readexactly(int(fields[b"content-length"]))
        if b" 200 " not in head[:14]:
            sys.exit(f"a service did not answer as it should: {head.decode()}")
        times.append(time.perf_counter() - started)
    writer.close()


async def load(port, request, clients, seconds):
    """Return the answers a second, and their median time in ms."""
    opened = [await asyncio.open_connection(HOST, port) for _ in range(clients)]
    times, started = [], time.perf_counter()
    until = started + seconds
    await asyncio.gather(*(ask(*each, request, until, times) for each in opened))
    return len(times) / (time.perf_counter() - started), median(times) * 1e3


def bench_service(project, *, cpu_only, seconds, rounds=3):
    """Print and return what the service answers with and without the GPU, interleaved."""
    row = json.loads((project / "model" / "golden.json").read_text("utf-8"))[0]["input"]
    body = json.dumps({"instances": [row]}).encode()
    head = f"POST /predict HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/json\r\n"
    request = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
    settings = ("cpu",) if cpu_only else ("cpu", "cuda,cpu")
    results = []
    print("\nthe service, one row a request")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        ports = {each: stack.enter_context(serve(project, each, folder)) for each in settings}
        for clients in CLIENTS:
            found = {each: [] for each in settings}
            for _ in range(rounds):
                for each, port in ports.items():
                    found[each].append(asyncio.run(load(port, request, clients, seconds)))
            middle = {each: [median(side) for side in zip(*all_, strict=True)]
                      for each, all_ in found.items()}  # fmt: skip
            ratio = middle[settings[-1]][0] / middle["cpu"][0]
            results.append({"clients": clients, "answers_per_s_and_ms": middle, "faster": ratio})
            told = "".join(
                f"{each}: {a:.0f}/s p50 {b:.1f} ms   " for each, (a, b) in middle.items()
            )
            print(f"{clients:>5} clients   {told}ratio {ratio:.2f}", flush=True)
    return results


def main():
    """Measure all, or say that there is no GPU."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--graphs", nargs="+", choices=GRAPHS, default=GRAPHS)
    parser.add_argument("--project", type=Path, help="a trained project, to serve")
    parser.add_argument("--seconds", type=float, default=3, help="of each measurement")
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--cpu-only", action="store_true")
    asked = parser.parse_args()
    if not asked.cpu_only:
        if CUDA not in ort.get_available_providers():
            refuse(f"onnxruntime {ort.__version__} was built without CUDA; install onnxruntime-gpu")
        ort.preload_dlls()  # from the packages of NVIDIA
    how = {"cpu_only": asked.cpu_only}
    figures = {
        "onnxruntime": ort.__version__,
        "processors": os.cpu_count(),
        "calls": [
            each
            for name in asked.graphs
            for each in bench_calls(name, limit_s=asked.seconds, **how)
        ],
    }
    if asked.project:
        project = asked.project.resolve()
        figures["service"] = bench_service(project, seconds=asked.seconds, **how)
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
