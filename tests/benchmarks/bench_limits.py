"""Measures what a service does with slow models and with more clients than it can answer.

    uv run python tests/benchmarks/bench_limits.py [--seconds 10] [--project FOLDER]

Models whose call of one row takes 5, 50 and 500 ms on one thread, each at 1, 32 and 256 clients of
one row, all settings at their defaults. A client sends its next request when it has its answer;
after a 503 it waits as long as `Retry-After` says, and up to half a second more. The clients and
the health checks are processes beside the service, on the same processors: all figures are those of
a full machine. A bare server that answers a constant is asked as often as the health check, and
shows the machine's part.
"""

import argparse
import asyncio
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from statistics import quantiles

from bench_service import Bench, free_port
from slow_graphs import call_ms, make_slow

TARGETS_MS = (5, 50, 500)
CLIENTS = (1, 32, 256)
ROWS = (1, 8, 32, 64)  # of which a call's time is printed
CHECK_LIMIT_MS = 10
GONE_AFTER_S = 1.0
SPREAD_S = 0.5  # so that clients that were refused together do not come back together
HERE = Path(__file__).parent
HOST = "127.0.0.1"


class Client(asyncio.Protocol):
    """Sends a request again and again, and notes each answer.

    It keeps its connection alive, but leaves it while it waits for another try.

    Args:
        port: the service's.
        request: the bytes to send.
        until: the time of `time.perf_counter` after which no request is sent.
        answers: where (status, seconds, whether a try after a 503, Retry-After, time) is noted.
    """

    def __init__(self, port, request, until, answers):
        """Connect nowhere yet."""
        self._port, self._request, self._until, self._answers = port, request, until, answers
        self._transport, self._received, self._again = None, b"", False
        self._answered = asyncio.Event()

    async def ask(self):
        """Send requests until the time is over."""
        loop = asyncio.get_running_loop()
        while (sent := time.perf_counter()) < self._until:
            if self._transport is None:
                await loop.create_connection(lambda: self, HOST, self._port)
            self._answered.clear()
            self._received = b""
            self._transport.write(self._request)
            await self._answered.wait()
            await self._note(time.perf_counter() - sent)
        self._leave()

    def connection_made(self, transport):
        """Keep the connection."""
        self._transport = transport

    def data_received(self, data):
        """Wait for the whole answer."""
        self._received += data
        head, _, body = self._received.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
        if length and len(body) >= int(length[1]):
            self._answered.set()

    def connection_lost(self, _):
        """Go on without an answer, if one is due."""
        self._transport = None
        self._answered.set()

    async def _note(self, seconds):
        told = re.search(rb"retry-after: (\d+)", self._received, re.IGNORECASE)
        status = int(self._received[9:12] or 0)
        wait_s = int(told[1]) if told else None
        self._answers.append((status, seconds, self._again, wait_s, time.perf_counter()))
        self._again = status != 200
        if self._again:
            self._leave()
            await asyncio.sleep((wait_s or 1) + random.random() * SPREAD_S)

    def _leave(self):
        if self._transport:
            self._transport.close()
            self._transport = None


def request_of(row):
    """Return the bytes of a prediction request."""
    body = json.dumps({"instances": [row]}).encode()
    head = f"POST /predict HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


async def load(port, request, clients, seconds):
    """Ask by many clients at once; return the answers, and the seconds until the last one."""
    answers, started = [], time.perf_counter()
    asking = [Client(port, request, started + seconds, answers) for _ in range(clients)]
    await asyncio.gather(*(client.ask() for client in asking))
    return answers, max(at for *_, at in answers) - started


async def leave(port, request, clients):
    """Ask by many clients at once, which all go away without an answer."""
    writers = []
    for _ in range(clients):
        _, writer = await asyncio.open_connection(HOST, port)
        writer.write(request)
        writers.append(writer)
    await asyncio.sleep(GONE_AFTER_S)
    for writer in writers:
        writer.transport.abort()


@contextmanager
def health_checked(port, times):
    """Ask a server for its health beside a block; the times in ms are added to a list."""
    command = [sys.executable, str(HERE / "health_checks.py"), str(port)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        process.stdout.readline()  # it is ready
        yield
        times += map(float, process.communicate()[0].split())


@contextmanager
def serve(bench, model, log):
    """Serve an artifact with default settings; yield the port."""
    port = free_port()
    command = [str(bench.bin / bench.name), "serve", "--port", str(port)]
    environment = os.environ | {"MODEL_DIR": str(model), "PYTHONDONTWRITEBYTECODE": ""}
    with log.open("w") as lines:
        process = subprocess.Popen(
            command, cwd=bench.project, env=environment, stdout=lines, stderr=subprocess.STDOUT
        )
    try:
        bench.wait(port)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=60)


def percentile(values, which):
    """Return a percentile of at least two values, or what there is."""
    if len(values) < 2:
        return values[0] if values else float("nan")
    return quantiles(values, n=100, method="inclusive")[which - 1]


def cell(port, bare, request, clients, seconds):  # pylint: disable=too-many-locals
    """Print one line of the table; return the 99th percentile of the health checks in ms."""
    checks, bare_checks = [], []
    with health_checked(port, checks), health_checked(bare, bare_checks):
        answers, taken_s = asyncio.run(load(port, request, clients, seconds))
    statuses = Counter(status for status, *_ in answers)
    waits = [each_s * 1e3 for status, each_s, *_ in answers if status == 200]
    told = [wait for status, _, _, wait, _ in answers if status == 503]
    tries = Counter(status for status, _, again, *_ in answers if again)
    others = sum(statuses.values()) - statuses[200] - statuses[503] - statuses[504]
    health = percentile(checks, 99)
    print(
        f"{clients:>8}{statuses[200] / taken_s:>10.1f}"
        f"{percentile(waits, 50):>9.0f}{percentile(waits, 99):>9.0f}"
        f"{statuses[503] / len(answers):>8.1%}{statuses[504] / len(answers):>8.1%}{others:>7}"
        f"{f'{min(told)}-{max(told)}' if told and None not in told else str(told[:1]):>9}"
        f"{tries[200] / tries.total() if tries else float('nan'):>9.0%}"
        f"{percentile(checks, 50):>9.1f}{health:>9.1f}{max(checks):>9.1f}"
        f"{percentile(bare_checks, 50):>9.1f}{percentile(bare_checks, 99):>9.1f}",
        flush=True,
    )
    return health


def recover(bench, port, request, clients):
    """Print how long a request takes after many clients have gone away, and on an idle service."""
    asyncio.run(leave(port, request, clients))
    left, status, tries = time.perf_counter(), None, 0
    while status != 200:
        asked, tries = time.perf_counter(), tries + 1
        status = bench.post(port)
    answered = time.perf_counter()
    bench.post(port)
    print(
        f"{clients} clients went away after {GONE_AFTER_S:g} s; then try {tries} was answered, "
        f"{answered - left:.2f} s later, in {(answered - asked) * 1e3:.0f} ms; "
        f"the next one in {(time.perf_counter() - answered) * 1e3:.0f} ms"
    )


HEAD = (
    f"{'clients':>8}{'answers/s':>10}{'p50 ms':>9}{'p99 ms':>9}{'503':>8}{'504':>8}{'other':>7}"
    f"{'retry s':>9}{'then ok':>9}{'live p50':>9}{'live p99':>9}{'longest':>9}"
    f"{'bare p50':>9}{'bare p99':>9}"
)


def measure(bench, folder, target_ms, seconds):
    """Print the table of one model; return the slowest 99th percentile of the health checks."""
    model = folder / f"model-{target_ms}"
    graph = make_slow(bench.project / "model", model, target_ms)
    times = ", ".join(f"{rows} rows {call_ms(graph, rows, runs=3):.0f} ms" for rows in ROWS)
    request, log = request_of(bench.row), folder / f"limits-{target_ms}.log"
    with serve(bench, model, log) as port, bench.serve("constant") as (bare, _):
        loaded = re.search(r"model loaded.*", log.read_text("utf-8"))
        print(f"\nmodel of {target_ms} ms on one thread: {times}\n{loaded[0] if loaded else ''}")
        print(HEAD)
        health = max(cell(port, bare, request, clients, seconds) for clients in CLIENTS)
        recover(bench, port, request, CLIENTS[-1])
    return health


class TrainedProject(Bench):
    """A project that is baked, installed and trained already."""

    def __init__(self, project, folder):  # pylint: disable=super-init-not-called
        """Find its command and a row; logs go to the other folder."""
        self.project, self.name, self.key, self.folder = project, project.name, "", folder
        self.bin = next(
            path for path in (project / ".venv").iterdir() if path.name in ("bin", "Scripts")
        )
        self.row = json.loads((project / "model" / "golden.json").read_text("utf-8"))[0]["input"]


def main():
    """Measure every model at every number of clients."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--models", type=int, nargs="+", default=TARGETS_MS, help="ms of a call")
    parser.add_argument("--project", type=Path, help="a trained project, instead of a fresh bake")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        bench = TrainedProject(asked.project.resolve(), folder) if asked.project else Bench(folder)
        health = max(measure(bench, folder, each, asked.seconds) for each in asked.models)
    print(f"\n/health/live, slowest p99: {health:.1f} ms; wanted: at most {CHECK_LIMIT_MS}")
    sys.exit(health > CHECK_LIMIT_MS)


if __name__ == "__main__":
    main()
