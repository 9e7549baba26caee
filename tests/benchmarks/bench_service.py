"""Measures a baked project's service against plain servers, in one interleaved run.

    uv run python tests/benchmarks/bench_service.py [--rounds 7] [--seconds 2]

Needs wrk (Debian: `apt-get install wrk`). Machines differ and are noisy: read the ratios. Each
round asks every server once, so that a slow minute is everyone's; a ratio is the rounds' median.
"""

import argparse
import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median, quantiles
from threading import Thread

from cookiecutter.main import cookiecutter

HERE = Path(__file__).parent
TEMPLATE = HERE.parent.parent
SERVERS = HERE / "servers"
TO_MS = {"us": 1e-3, "ms": 1.0, "s": 1e3}


class Bench:
    """A baked, installed and trained project, and ways to start and to ask servers of it."""

    def __init__(self, folder, model="scikit-learn-classifier"):
        """Bake, install from the locks, train, make a key."""
        self.folder = folder
        answers = {"model": model}
        self.project = Path(
            cookiecutter(
                str(TEMPLATE), no_input=True, output_dir=str(folder), extra_context=answers
            )
        )
        self.name = self.project.name
        self.run("nox", "-s", "train")
        self.bin = next(
            path for path in (self.project / ".venv").iterdir() if path.name in ("bin", "Scripts")
        )
        cases = json.loads((self.project / "model" / "golden.json").read_text("utf-8"))
        self.row = cases[0]["input"]
        made = self.run(str(self.bin / self.name), "key", "bench").splitlines()
        self.key = next(line for line in made if len(line) == 43)
        (folder / "keys").write_text(
            next(line for line in made if ":" in line and "bench:" in line)
        )

    def run(self, *command):
        """Run a command in the project."""
        done = subprocess.run(
            command, cwd=self.project, capture_output=True, text=True, check=False
        )
        if done.returncode:
            sys.exit(f"{' '.join(command)} failed:\n{done.stdout}\n{done.stderr}")
        return done.stdout

    @contextmanager
    def serve(self, server, *, workers=1):
        """Start a server, yield its port and process, and stop it."""
        port = free_port()
        environment = os.environ | {
            "MODEL_DIR": "model",
            "BAKED_PACKAGE": self.name.replace("-", "_"),
            "PYTHONPATH": str(SERVERS),
            "PYTHONDONTWRITEBYTECODE": "",
        }
        if server in ("service", "service_uncaptured"):
            command = [self.bin / self.name, "serve", "--port", port, "--workers", workers]
            environment["API_KEYS_FILE"] = str(self.folder / "keys")
            if server == "service":
                environment["CAPTURE_DIR"] = str(self.folder / "captures")
                environment["GROUND_TRUTH_DIR"] = str(self.folder / "truths")
        else:
            command = [self.bin / "python", "-m", "uvicorn", f"{server}:app", "--port", port]
            command += ["--no-access-log", "--log-level", "warning"]
        with (self.folder / f"{server}.log").open("w") as log:
            process = subprocess.Popen(
                [str(word) for word in command],
                cwd=self.project, env=environment, stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip
        try:
            self.wait(port)
            yield port, process
        finally:
            process.terminate()
            process.wait(timeout=20)

    def ask(self, port, *, rows=1, connections=32, seconds=2, path="/predict", explain=False):
        """Load a server with wrk; return requests a second, p50 and p99 in ms."""
        script = self.folder / f"ask-{rows}.lua"
        body = json.dumps({"instances": [self.row] * rows} | ({"explain": True} if explain else {}))
        script.write_text(
            'wrk.method="POST"\nwrk.headers["Content-Type"]="application/json"\n'
            f'wrk.headers["X-API-Key"]="{self.key}"\nwrk.body=[[{body}]]\n'
        )
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency"]
        command += ["-s", str(script), f"http://127.0.0.1:{port}{path}"]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        if "Non-2xx" in told or "Socket errors" in told:
            sys.exit(f"a server did not answer as it should:\n{told}")
        waits = dict(re.findall(r"(50|99)%\s+([\d.]+(?:us|ms|s))", told))
        p50, p99 = (milliseconds(waits[each]) for each in ("50", "99"))
        return float(re.search(r"Requests/sec:\s+([\d.]+)", told)[1]), p50, p99

    def post(self, port):
        """Ask for one prediction; return the status, or None where nobody listens."""
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            body = json.dumps({"instances": [self.row]})
            headers = {"Content-Type": "application/json", "X-API-Key": self.key}
            connection.request("POST", "/predict", body, headers)
            response = connection.getresponse()
            response.read()
            return response.status
        except OSError:
            return None
        finally:
            connection.close()

    def wait(self, port):
        """Return when a server has answered its first prediction."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if self.post(port) == 200:
                return
            time.sleep(0.002)
        sys.exit("a server did not start; its log lies beside the project")


def milliseconds(text):
    """Return wrk's time, such as 1.2ms or 800us, in milliseconds."""
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s)", text).groups()
    return float(number) * TO_MS[unit]


def free_port():
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def memory_mib(process):
    """Return a process's resident memory in MiB."""
    status = Path(f"/proc/{process.pid}/status").read_text("utf-8")
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024


HEAD = "one worker, 32 connections, one row"
TITLES = {
    "constant": "(a) bare uvicorn, constant",
    "bare_onnx": "(b) bare ASGI callable, ONNX Runtime",
    "naive": "(c) FastAPI, scikit-learn",
    "service_bare": "this service, features off",
    "service_uncaptured": "this service, everything but capture",
    "service": "this service, everything on",
}


def ask_all(bench, rounds, seconds):
    """Return what each server was measured at, a round each, and its memory in the end."""
    told = {name: [] for name in TITLES}
    memory = {}
    with ExitStack() as running:
        started = {name: running.enter_context(bench.serve(name)) for name in TITLES}
        for _ in range(rounds):
            for name, (port, process) in started.items():
                told[name].append(bench.ask(port, seconds=seconds))
                memory[name] = memory_mib(process)
    return told, memory


def throughput(bench, rounds, seconds):
    """Print requests a second of all servers, and the ratios between them."""
    told, memory = ask_all(bench, rounds, seconds)
    print(f"\n{HEAD:<38}{'req/s':>9}{'p50 ms':>8}{'p99 ms':>8}{'MiB':>6}")
    for name, title in TITLES.items():
        rate, p50, p99 = (median(column) for column in zip(*told[name], strict=True))
        print(f"{title:<38}{rate:>9,.0f}{p50:>8.2f}{p99:>8.2f}{memory[name]:>6.0f}")

    def ratio(other):
        pairs = zip(told["service"], told[other], strict=True)
        return median(mine[0] / theirs[0] for mine, theirs in pairs)

    show("everything on / (b)", ratio("bare_onnx"), "at least 0.70")
    show("everything on / (c)", ratio("naive"), "at least 10")
    show("everything on / features off", ratio("service_bare"), "")
    show("everything on / without capture", ratio("service_uncaptured"), "at least 0.92")
    pairs = zip(told["service"], told["service_uncaptured"], strict=True)
    show("p99, the same two", median(mine[2] / theirs[2] for mine, theirs in pairs), "1")
    show(
        "p99 / p50, everything on", median(p99 / p50 for _, p50, p99 in told["service"]), "under 3"
    )
    show("memory, MiB", memory["service"], "under 100")


def batches(bench, rounds, seconds):
    """Print the rows a second of hundred-row requests against one-row requests."""
    ratios = []
    with bench.serve("service") as (port, _):
        for _ in range(rounds):
            one = bench.ask(port, seconds=seconds)[0]
            hundred = bench.ask(port, rows=100, seconds=seconds)[0] * 100
            ratios.append(hundred / one)
    show("rows/s, 100 rows a request / one", median(ratios), "at least 25")


def explanations(bench, rounds, seconds):
    """Print how much longer an explained answer takes than a plain one, of one client."""
    ratios = []
    with bench.serve("service") as (port, _):
        for _ in range(rounds):
            plain = bench.ask(port, connections=1, seconds=seconds)[1]
            ratios.append(bench.ask(port, connections=1, seconds=seconds, explain=True)[1] / plain)
    show("time of an explained answer / plain", median(ratios), "at most 25")


def health(bench, seconds):
    """Print how long a health check takes while a slow model is under load."""
    waits = []
    with bench.serve("service_slow") as (port, _):
        load = Thread(
            target=bench.ask, args=(port,), kwargs={"connections": 64, "seconds": seconds}
        )
        load.start()
        connection = http.client.HTTPConnection("127.0.0.1", port)
        while load.is_alive():
            started = time.perf_counter()
            connection.request("GET", "/health/live")
            connection.getresponse().read()
            waits.append((time.perf_counter() - started) * 1e3)
            time.sleep(0.005)
        connection.close()
    cuts = quantiles(waits, n=100)
    show("/health/live p50, model of 50 ms, ms", cuts[49], "")
    show("/health/live p99, model of 50 ms, ms", cuts[98], "at most 10")


def cold_start(bench, rounds):
    """Print the time from a process's start to its first answer, against FastAPI's."""
    times = {"framework_constant": [], "service": []}
    for _ in range(rounds):
        for name, taken in times.items():
            started = time.perf_counter()
            with bench.serve(name):
                taken.append(time.perf_counter() - started)
    pairs = zip(times["service"], times["framework_constant"], strict=True)
    show("cold start, s", median(times["service"]), "")
    show("cold start / FastAPI, constant", median(a / b for a, b in pairs), "at most 1.5")


def workers(bench, rounds, seconds):
    """Print the throughput of two workers against one, and what a request costs each.

    wrk needs a part of the two processors itself; the second figure tells how much of what is
    missing to twice the throughput is the service's doing.
    """
    ratios, costs = [], []
    with bench.serve("service") as one, bench.serve("service", workers=2) as two:
        for _ in range(rounds):
            rates, prices = [], []
            for (port, process), connections in ((one, 32), (two, 64)):
                before = processor_seconds(process)
                rates.append(bench.ask(port, connections=connections, seconds=seconds)[0])
                prices.append((processor_seconds(process) - before) / rates[-1])
            ratios.append(rates[1] / rates[0])
            costs.append(prices[1] / prices[0])
    show("two workers / one", median(ratios), "at least 1.75")
    show("processor time a request, two / one", median(costs), "")


def processor_seconds(process):
    """Return the processor time that a process and its children have used so far."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text("utf-8")
    ticks = 0
    for pid in (process.pid, *children.split()):
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def show(name, value, target):
    """Print one figure beside what is wanted of it."""
    print(f"{name:<42}{value:>8.2f}   {target}", flush=True)


def main():
    """Measure everything."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=2)
    options = parser.parse_args()
    if not shutil.which("wrk"):
        sys.exit("wrk is missing; on Debian, apt-get install wrk")
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        throughput(bench, options.rounds, options.seconds)
        batches(bench, options.rounds, options.seconds)
        explanations(bench, options.rounds, options.seconds)
        health(bench, 3 * options.seconds)
        cold_start(bench, options.rounds)
        workers(bench, options.rounds, options.seconds)


if __name__ == "__main__":
    main()
