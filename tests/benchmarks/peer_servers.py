"""The servers that are measured: their versions, settings, formats and command lines."""

import json
import os
import subprocess
from pathlib import Path
from typing import NamedTuple

from bench_service import free_port

SERVERS = Path(__file__).parent / "servers" / "peers"
PROJECT = Path(__file__).parents[2] / "{{cookiecutter.project_slug}}"
LIBRARY = PROJECT / "vendor" / "modelserve" / "src"
OURS = "ours"
FIELDS = ("sepal_length", "sepal_width", "petal_length", "petal_width")
PROCESSORS = len(os.sched_getaffinity(0))
BATCH_ROWS = 64
BATCH_WAIT_S = 0.005
# What the models themselves need, the same in every environment.
COMMON = ("numpy", "scikit-learn==1.9.1", "onnxruntime==1.32.0", "tokenizers==0.23.3")
ENVIRONMENTS = {
    "fastapi": ("fastapi==0.165.0", "uvicorn[standard]==0.54.0"),
    "litserve": ("litserve==0.2.19", "uvicorn[standard]==0.54.0"),
    "bentoml": ("bentoml==1.4.40",),
    # Its inference workers do not start with a later uvloop: "There is no current event loop".
    "mlserver": ("mlserver==1.7.1", "mlserver-sklearn==1.7.1", "uvloop==0.21.0"),
    "kserve": ("kserve==0.21.0",),
    "mlflow": ("mlflow==3.17.2",),
    "ray": ("ray[serve]==2.60.0",),
}


class PeerError(Exception):
    """A server cannot be installed, started, or does not answer as it should."""


class Peer(NamedTuple):
    """A server and its settings."""

    environment: str
    batching: bool
    tuned: str
    path: str = "/predict"


# What is not named under `tuned` is the peer's default.
V2_PATH = "/v2/models/peer/infer"
PEERS = {
    "fastapi": Peer("fastapi", False, "access log off; iris on the event loop, others in threads"),
    "litserve": Peer("litserve", False, "fast_queue, access log off"),
    "litserve-batched": Peer(
        "litserve", True, "the same; max_batch_size 64, batch_timeout 5 ms"
    ),
    "bentoml": Peer("bentoml", False, "access log off; as many threads as processors"),
    "bentoml-batched": Peer("bentoml", True, "access log off; batchable, max_batch_size 64"),
    "mlserver": Peer("mlserver", False, "debug off; iris: parallel_workers 0", V2_PATH),
    "mlserver-batched": Peer(
        "mlserver", True, "the same; max_batch_size 64, max_batch_time 5 ms", V2_PATH
    ),
    "kserve": Peer(
        "kserve", False, "no gRPC, no latency log; iris on the event loop, others in threads",
        "/v1/models/peer:predict",
    ),
    "mlflow": Peer("mlflow", False, "one worker", "/invocations"),
    "ray": Peer(
        "ray", False,
        "RAY_SERVE_THROUGHPUT_OPTIMIZED, max_ongoing_requests 256, access log off", "/",
    ),
    "ray-batched": Peer(
        "ray", True, "the same; @serve.batch of 64 rows, batch_wait_timeout_s 5 ms", "/"
    ),
}  # fmt: skip


def environment_of(cache, name, kind):
    """Return the folder of a server's environment."""
    own = "own-huggingface" if kind == "minilm" else "own-scikit-learn"
    return cache / "envs" / (own if name == OURS else PEERS[name].environment)


def request_of(name, kind, row):
    """Return a request of one row in a server's format."""
    if name == OURS:
        given = {"text": row} if kind == "minilm" else dict(zip(FIELDS, row, strict=True))
        return {"instances": [given]}
    match PEERS[name].environment:
        case "fastapi" | "kserve":
            return {"instances": [row]}
        case "litserve" | "ray":
            return {"row": row}
        case "bentoml":
            return {"rows": [row]}
        case "mlflow":
            return {"inputs": [row]}
    text = kind == "minilm"
    given = {"name": "rows", "datatype": "BYTES" if text else "FP32"}
    given |= {"shape": [1, 1] if text else [1, 4], "data": [row] if text else row}
    asked = {"outputs": [{"name": "predict_proba"}]} if kind == "iris" else {}
    return {"inputs": [given], **asked}


def probabilities_of(name, response):
    """Return the probabilities of a response."""
    if name == OURS:
        shares = response["predictions"][0]["probabilities"]
        return [shares[label] for label in sorted(shares)]
    match PEERS[name].environment:
        case "bentoml":
            return response[0]
        case "litserve" | "ray":
            return response["prediction"]
        case "mlserver":
            return response["outputs"][0]["data"]
    return response["predictions"][0]


def command_of(name, kind, port, *, cache, work, threads):
    """Return the command line and the environment variables of a server."""
    models = cache / "models" / kind
    binaries = environment_of(cache, name, kind) / "bin"
    variables = {key: value for key, value in os.environ.items() if key != "VIRTUAL_ENV"}
    variables |= {"PATH": f"{binaries}:{os.environ['PATH']}", "PYTHONDONTWRITEBYTECODE": ""}
    if name == OURS:
        package = json.loads((models / "done.json").read_text("utf-8"))["package"]
        project = models / "project"
        variables |= {"PYTHONPATH": f"{project / 'src'}:{LIBRARY}"}
        variables |= {"MODEL_DIR": str(project / "model")}
        return [binaries / "python", "-m", package, "serve", "--port", port], variables
    peer = PEERS[name]
    # One call at a time gets all processors; calls that run side by side get one each.
    aside = peer.environment in ("fastapi", "kserve", "mlflow")
    aside = aside or (not peer.batching and peer.environment in ("bentoml", "ray"))
    variables |= {
        "PYTHONPATH": str(SERVERS),
        "PEER_MODEL": kind,
        "PEER_FOLDER": str(models / "peer"),
        "PEER_THREADS": str(1 if aside else threads),
        "PEER_PROCESSORS": str(PROCESSORS),
        "PEER_BATCHING": "on" if peer.batching else "off",
        "PEER_BATCH_ROWS": str(BATCH_ROWS),
        "PEER_BATCH_WAIT_S": str(BATCH_WAIT_S),
        "PEER_PORT": str(port),
        "OMP_NUM_THREADS": "1",
        "TOKENIZERS_PARALLELISM": "false",
    }
    script = SERVERS / f"serve_{peer.environment}.py"
    match peer.environment:
        case "fastapi":
            command = [binaries / "uvicorn", "serve_fastapi:app", "--port", port]
            command += ["--no-access-log", "--log-level", "warning"]
        case "bentoml":
            variables |= {"BENTOML_HOME": str(work), "BENTOML_DO_NOT_TRACK": "true"}
            command = [binaries / "bentoml", "serve", "serve_bentoml:Peer"]
            command += ["--host", "127.0.0.1", "--port", port, "--working-dir", script.parent]
        case "mlserver":
            write_mlserver(work, kind, models / "peer", peer.batching)
            ports = {"HTTP": port, "GRPC": free_port(), "METRICS": free_port()}
            variables |= {f"MLSERVER_{key}_PORT": str(value) for key, value in ports.items()}
            variables |= {"MLSERVER_DEBUG": "false", "MLSERVER_HOST": "127.0.0.1"}
            variables["MLSERVER_PARALLEL_WORKERS"] = "0" if kind == "iris" else "1"
            command = [binaries / "mlserver", "start", work]
        case "mlflow":
            saved = work / "saved"
            maker = [binaries / "python", script.with_name("save_mlflow.py"), saved]
            run_once(maker, variables, work)
            command = [binaries / "mlflow", "models", "serve", "-m", saved, "-p", port]
            command += ["-h", "127.0.0.1", "--env-manager", "local", "-w", "1"]
        case _:
            variables |= {"RAY_SERVE_THROUGHPUT_OPTIMIZED": "1", "RAY_USAGE_STATS_ENABLED": "0"}
            command = [binaries / "python", script]
            command += ["--http_port", port] if peer.environment == "kserve" else []
    return command, variables


def write_mlserver(work, kind, models, batching):
    """Write MLServer's settings of the model into its folder."""
    settings = {"name": "peer", "implementation": "serve_mlserver.Peer"}
    if kind == "iris":
        settings["implementation"] = "mlserver_sklearn.SKLearnModel"
        settings["parameters"] = {"uri": str(models / "model.joblib")}
    if batching:
        settings |= {"max_batch_size": BATCH_ROWS, "max_batch_time": BATCH_WAIT_S}
    (work / "model-settings.json").write_text(json.dumps(settings), encoding="utf-8")


def run_once(command, variables, cwd):
    """Run a step before a server's start."""
    done = subprocess.run(
        [str(word) for word in command], env=variables, cwd=cwd,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise PeerError(f"{command[1]} failed: {done.stderr[-1000:]}")
