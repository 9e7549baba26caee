"""Measures what many hot swaps leave behind: memory, threads, open files and series of metrics.

    uv run python tests/benchmarks/bench_reload.py [--swaps 200] [--project FOLDER]

Two artifacts are swapped by SIGHUP, under a few requests a second; every generation is also asked
for its documentation and its metrics. Bounded caches fill first: the latest predictions that are
kept for feedback, and the 128 types that Python's `typing` remembers. So growth counts from half of
the swaps on.
"""

import argparse
import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

from bench_limits import TrainedProject
from bench_service import Bench, free_port

PRINTED_AFTER = (0, 20, 50, 100, 150, 200)
FEEDBACK_ROWS = 2_000
PAUSE_S = 0.05  # between two requests
PATIENCE_S = 60
GROWTH_LIMIT_MIB = 10  # from half of the swaps to the last one


def ask(port, path, body=None):
    """Return a response's text."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        headers = {"Content-Type": "application/json"}
        connection.request("POST" if body else "GET", path, body, headers)
        response = connection.getresponse()
        text = response.read().decode()
        if response.status != 200:
            sys.exit(f"{path} was answered by {response.status}: {text}")
        return text
    finally:
        connection.close()


@contextmanager
def light_traffic(port, row):
    """Ask for predictions, a few each second, beside a block."""
    over, body = Event(), json.dumps({"instances": [row]})

    def ask_often():
        while not over.wait(PAUSE_S):
            ask(port, "/predict", body)

    asking = Thread(target=ask_often, daemon=True)
    asking.start()
    yield
    alive = asking.is_alive()
    over.set()
    asking.join()
    if not alive:
        sys.exit("a request failed")


def memory_mib(pid):
    """Return a process's resident memory in MiB."""
    status = Path(f"/proc/{pid}/status").read_text("utf-8")
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024


def show(port, pid, swaps):
    """Print a line; return the memory in MiB."""
    memory = memory_mib(pid)
    threads, files = (len([*Path(f"/proc/{pid}/{name}").iterdir()]) for name in ("task", "fd"))
    series = len(ask(port, "/metrics").splitlines())
    print(f"{swaps:>6}{memory:>12.1f}{threads:>9}{files:>7}{series:>8}", flush=True)
    return memory


def save_versions(model, folder):
    """Return the folders of two artifacts that differ in their version."""
    folders = []
    for name in "ab":
        made = Path(shutil.copytree(model, folder / name))
        manifest = json.loads((made / "manifest.json").read_text("utf-8"))
        manifest["version"] += f".{name}"
        (made / "manifest.json").write_text(json.dumps(manifest), "utf-8")
        folders.append(made)
    return folders


def swap(process, served, fresh, log, port, *, swaps):
    """Put an artifact into the served folder, and wait until it is loaded."""
    shutil.copytree(fresh, served.with_name("fresh"))
    served.rename(served.with_name("old"))
    served.with_name("fresh").rename(served)
    shutil.rmtree(served.with_name("old"))
    process.send_signal(signal.SIGHUP)
    deadline = time.monotonic() + PATIENCE_S
    while log.read_text("utf-8").count("model reloaded") < swaps:
        if time.monotonic() > deadline:
            sys.exit(f"no swap within {PATIENCE_S} s:\n{log.read_text('utf-8')[-2000:]}")
        time.sleep(0.02)
    ask(port, "/openapi.json")


def measure(bench, folder, swaps):
    """Print what a service needs after some swaps; return its growth in MiB."""
    versions, served = save_versions(bench.project / "model", folder), folder / "model"
    shutil.copytree(versions[0], served)
    port, log = free_port(), folder / "reload.log"
    environment = os.environ | {"MODEL_DIR": str(served), "FEEDBACK_ROWS": str(FEEDBACK_ROWS)}
    command = [str(bench.bin / bench.name), "serve", "--port", str(port)]
    pipes = {"stderr": subprocess.STDOUT, "cwd": bench.project, "env": environment}
    with (
        log.open("w") as lines,
        subprocess.Popen(command, stdout=lines, **pipes) as process,
    ):
        try:
            bench.wait(port)
            ask(port, "/openapi.json")
            print(f"{'swaps':>6}{'memory MiB':>12}{'threads':>9}{'files':>7}{'series':>8}")
            show(port, process.pid, 0)
            first = last = None
            with light_traffic(port, bench.row):
                for number in range(1, swaps + 1):
                    swap(process, served, versions[number % 2], log, port, swaps=number)
                    if number in (swaps // 2, swaps) or number in PRINTED_AFTER:
                        last = show(port, process.pid, number)
                        first = last if number == swaps // 2 else first
            return last - first
        finally:
            process.terminate()


def main():
    """Swap, and fail if the memory grows."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--swaps", type=int, default=200)
    parser.add_argument("--project", type=Path, help="a trained project, instead of a fresh bake")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        bench = TrainedProject(asked.project.resolve(), folder) if asked.project else Bench(folder)
        growth = measure(bench, folder, asked.swaps)
    print(f"\ngrowth from swap {asked.swaps // 2} on: {growth:.1f} MiB; limit {GROWTH_LIMIT_MIB}")
    sys.exit(growth > GROWTH_LIMIT_MIB)


if __name__ == "__main__":
    main()
