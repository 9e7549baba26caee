"""Measures this library's service beside other servers of the same model, in interleaved rounds.

    uv run python tests/benchmarks/bench_peers.py --models slow --only litserve,bentoml

Needs wrk (Debian: `apt-get install wrk`) and uv. Each peer is installed from the index in an
environment of its own under --cache, which later runs find again; --prepare stops after that.
Machines differ and are noisy: read the ratios. In each round a peer is asked right after this
service, with the same load, and one is suspended while the other one is asked; a ratio is the
rounds' median. Progress goes to stderr; the table and the JSON to stdout.
"""

import argparse
import http.client
import json
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import NamedTuple

from bench_service import free_port, milliseconds
from peer_servers import (
    COMMON,
    ENVIRONMENTS,
    LIBRARY,
    OURS,
    PEERS,
    PROCESSORS,
    PROJECT,
    PeerError,
    command_of,
    environment_of,
    probabilities_of,
    request_of,
)
from process_tree import MARK, Tree

HERE = Path(__file__).parent
TEMPLATE = HERE.parent.parent
LOCKS = PROJECT / "_options" / "framework"
CLIENTS = (1, 32, 128)
MODELS = {"table": ("iris",), "slow": ("dense", "minilm")}
TOLERANCE = 1e-4
DRAIN_S = 1.5  # in which a server answers what wrk has left behind, before it is suspended


def say(text):
    """Report progress."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def install(name, cache, packages):
    """Install packages into an environment of the cache, unless it is there; return its folder."""
    folder = cache / "envs" / name
    wanted = json.dumps([platform.python_version(), *packages])
    stamp = folder / "bench_peers.json"
    if stamp.is_file() and stamp.read_text("utf-8") == wanted:
        return folder
    say(f"installing {name}")
    shutil.rmtree(folder, ignore_errors=True)
    for command in (
        ["uv", "venv", "--quiet", "--python", sys.executable, str(folder)],
        ["uv", "pip", "install", "--quiet", "--python", str(folder / "bin" / "python"), *packages],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise PeerError(f"{name} cannot be installed: {done.stderr.strip()[-600:]}")
    stamp.write_text(wanted, encoding="utf-8")
    return folder


def installed_mib(folder):
    """Return what an environment installs in MiB, compiled bytecode not counted."""
    files = (path for path in (folder / "lib").rglob("*") if "__pycache__" not in path.parts)
    return sum(path.stat().st_size for path in files if path.is_file()) / 2**20


class Run(NamedTuple):
    """A server that runs."""

    port: int
    path: str
    script: Path
    tree: Tree
    start_s: float
    answers: list


class Bench:
    """Environments and models on disk, and ways to start and to ask servers."""

    def __init__(self, options, folder):
        """Keep where things lie."""
        self.options, self.folder, self.cache = options, folder, options.cache
        self.rows = {}

    def prepare(self, kinds, names):
        """Make the models and the environments; return why a peer is left out, by its name."""
        import peer_models  # pylint: disable=import-outside-toplevel  # needs the library

        for kind in kinds:
            say(f"making {kind}")
            peer_models.make(kind, self.cache / "models" / kind)
            self.rows[kind] = peer_models.sample_rows(kind, self.cache / "models" / kind, 16)
            lock = "huggingface" if kind == "minilm" else "scikit-learn"
            path = LOCKS / lock / "requirements" / "serving.txt"
            install(f"own-{lock}", self.cache, ["--require-hashes", "-r", str(path)])
        left_out = {}
        for name in names:
            peer = PEERS[name]
            try:
                install(peer.environment, self.cache, [*ENVIRONMENTS[peer.environment], *COMMON])
            except PeerError as error:
                left_out[name] = str(error)
        return left_out

    @contextmanager
    def serve(self, name, kind):
        """Start a server, yield it once its answers have come, and end all its processes."""
        port, mark = free_port(), uuid.uuid4().hex
        work = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self.folder))
        command, variables = command_of(
            name, kind, port, cache=self.cache, work=work, threads=self.options.threads
        )
        cwd = self.cache / "models" / kind / "project" if name == OURS else work
        log = work / "server.log"
        started = time.perf_counter()
        with log.open("w") as stream:
            process = subprocess.Popen(
                [str(word) for word in command], cwd=cwd, env=variables | {MARK: mark},
                stdout=stream, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        tree = Tree(process.pid, mark)
        try:
            path = "/predict" if name == OURS else PEERS[name].path
            bodies = [json.dumps(request_of(name, kind, row)) for row in self.rows[kind]]
            self._wait(process, port, path, bodies[0], log)
            start_s = time.perf_counter() - started
            answers = [probabilities_of(name, post(port, path, body)[1]) for body in bodies]
            script = work / "ask.lua"
            script.write_text(lua(bodies), encoding="utf-8")
            yield Run(port, path, script, tree, start_s, answers)
        finally:
            tree.end(process)

    def _wait(self, process, port, path, body, log):
        deadline, said = time.monotonic() + 120, None
        while time.monotonic() < deadline and process.poll() is None:
            try:
                status, said = post(port, path, body)
                if status == 200:
                    return
            except OSError:
                pass
            time.sleep(0.02)
        end = log.read_text("utf-8", errors="replace")[-1500:]
        raise PeerError(f"no answer within 120 s; last: {str(said)[:300]}\n{end}")

    def ask_alone(self, run, other, clients, seconds):
        """Load a server as `ask` does, while another one is suspended."""
        with other.tree.suspended():
            asked = self.ask(run, clients, seconds)
            time.sleep(DRAIN_S)
        return asked

    def ask(self, run, clients, seconds):
        """Load a server with wrk; return requests a second, p50 and p99 in ms, and errors."""
        command = ["wrk", "-t1", f"-c{clients}", f"-d{seconds}s", "--timeout", "20s", "--latency"]
        command += ["-s", str(run.script), f"http://127.0.0.1:{run.port}{run.path}"]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        waits = dict(re.findall(r"(50|99)%\s+([\d.]+(?:us|ms|s))", told))
        if len(waits) < 2:
            raise PeerError(f"wrk measured nothing:\n{told}")
        errors = sum(map(int, re.findall(r"Non-2xx or 3xx responses: (\d+)", told)))
        for line in re.findall(r"Socket errors: (.*)", told):
            errors += sum(map(int, re.findall(r"\d+", line)))
        rate = float(re.search(r"Requests/sec:\s+([\d.]+)", told)[1])
        if not rate:
            raise PeerError(f"it answered nothing in time:\n{told}")
        return rate, milliseconds(waits["50"]), milliseconds(waits["99"]), errors


def lua(bodies):
    """Return a script for wrk that sends the bodies in turn."""
    listed = ",\n".join(f"[==[{body}]==]" for body in bodies)
    return f"""local bodies = {{ {listed} }}
local requests, number = {{}}, 0
function init(_)
  for index, body in ipairs(bodies) do
    requests[index] = wrk.format("POST", nil, {{["Content-Type"] = "application/json"}}, body)
  end
end
function request()
  number = number % #requests + 1
  return requests[number]
end
"""


def post(port, path, body):
    """Ask for one prediction; return the status and the response."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("POST", path, body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        text = response.read().decode("utf-8", errors="replace")
        return response.status, json.loads(text) if response.status == 200 else text
    except http.client.HTTPException as error:
        raise OSError(str(error)) from error
    finally:
        connection.close()


def difference(own, theirs):
    """Return the largest difference between two servers' probabilities."""
    pairs = zip(own, theirs, strict=True)
    return max(abs(a - b) for mine, other in pairs for a, b in zip(mine, other, strict=True))


def compare(bench, kind, name, own):
    """Measure a peer beside this service; return a record with both."""
    options = bench.options
    told = {OURS: {}, name: {}}
    with bench.serve(name, kind) as peer:
        gap = difference(own.answers, peer.answers)
        if gap > TOLERANCE:
            raise PeerError(f"its answers differ by {gap:.2g}")
        turns = ((OURS, own, peer), (name, peer, own))
        for _, run, other in turns:
            bench.ask_alone(run, other, 32, options.warm_up)
        for clients in options.clients:
            for _ in range(options.rounds):
                for server, run, other in turns:
                    asked = bench.ask_alone(run, other, clients, options.seconds)
                    told[server].setdefault(clients, []).append(asked)
        memory, start_s = peer.tree.memory_mib(), peer.start_s
    cells = {}
    for clients in options.clients:
        pairs = list(zip(told[OURS][clients], told[name][clients], strict=True))
        cells[clients] = {
            OURS: summary(told[OURS][clients]),
            "peer": summary(told[name][clients]),
            "ratio_req_s": median(a[0] / b[0] for a, b in pairs),
            "ratio_p50": median(a[1] / b[1] for a, b in pairs),
            "ratio_p99": median(a[2] / b[2] for a, b in pairs),
        }
    return {
        "model": kind,
        "server": name,
        "difference": gap,
        "memory_mib": memory,
        "start_s": start_s,
        "installed_mib": installed_mib(environment_of(bench.cache, name, kind)),
        "clients": cells,
    }


def summary(rounds):
    """Return the medians of a server's rounds, and all errors."""
    rate, p50, p99 = (median(column) for column in list(zip(*rounds, strict=True))[:3])
    return {"req_s": rate, "p50_ms": p50, "p99_ms": p99, "errors": sum(each[3] for each in rounds)}


def measure(bench, kinds, names, left_out):
    """Measure every peer on every model; return the records, ours first."""
    records = []
    for kind in kinds:
        with bench.serve(OURS, kind) as own:
            of_kind = []
            for name in names:
                if name in left_out:
                    continue
                say(f"{kind}: {name}")
                try:
                    of_kind.append(compare(bench, kind, name, own))
                except PeerError as error:
                    left_out[f"{name}, {kind}"] = str(error)
                    say(f"{name} is left out: {error}")
            records.append(
                {
                    "model": kind,
                    "server": OURS,
                    "memory_mib": own.tree.memory_mib(),
                    "start_s": own.start_s,
                    "installed_mib": installed_mib(environment_of(bench.cache, OURS, kind)),
                    "clients": {
                        clients: {OURS: middle(of_kind, clients)}
                        for clients in bench.options.clients
                        if of_kind
                    },
                }
            )
            records += of_kind
    return records


def middle(records, clients):
    """Return the medians of this service's figures beside all peers."""
    cells = [record["clients"][clients][OURS] for record in records]
    return {key: median(cell[key] for cell in cells) for key in cells[0]}


def markdown(records, options):
    """Return the records as Markdown tables, one a model."""
    lines = []
    for kind in dict.fromkeys(record["model"] for record in records):
        head = ["server"]
        for clients in options.clients:
            head += [f"{clients}: req/s", "p50 ms", "p99 ms", "ours / it", "p99, ours / it"]
        head += ["MiB", "start s", "installed MiB"]
        lines += [f"\n### {kind}\n", row(head), row(["---"] * len(head))]
        for record in records:
            if record["model"] != kind:
                continue
            cells = [record["server"]]
            for cell in record["clients"].values():
                told = cell.get("peer", cell[OURS])
                failed = f" ({told['errors']:.0f} errors)" if told["errors"] else ""
                cells += [f"{told['req_s']:,.0f}{failed}", f"{told['p50_ms']:.2f}"]
                cells.append(f"{told['p99_ms']:.2f}")
                ratios = ("ratio_req_s", "ratio_p99")
                cells += [f"{cell[key]:.2f}" if key in cell else "" for key in ratios]
            cells += [f"{record['memory_mib']:.0f}", f"{record['start_s']:.1f}"]
            lines.append(row([*cells, f"{record['installed_mib']:.0f}"]))
    lines += ["", row(["server", "versions", "tuned; all else is its default"]), row(["---"] * 3)]
    for name in dict.fromkeys(record["server"] for record in records):
        if name != OURS:
            peer = PEERS[name]
            lines.append(row([name, ", ".join(ENVIRONMENTS[peer.environment]), peer.tuned]))
    return "\n".join(lines)


def row(cells):
    """Return a row of a Markdown table."""
    return f"| {' | '.join(cells)} |"


def chosen(text, known, what):
    """Return the names that an option asks for: each as it is, or all that it begins."""
    names = []
    for word in text.split(","):
        found = [name for name in known if name == word or name.startswith(f"{word}-")]
        if not found:
            sys.exit(f"no {what} is called {word}; there are {', '.join(known)}")
        names += found
    return list(dict.fromkeys(names))


def main():
    """Prepare, measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default=",".join(ENVIRONMENTS), help="peers, by commas")
    parser.add_argument("--models", default="table,slow", help="table, slow, or a model's name")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2, help="of one measurement")
    parser.add_argument("--warm-up", type=int, default=2, help="seconds before the first round")
    parser.add_argument(
        "--threads",
        type=int,
        default=PROCESSORS,
        help="of a call in ONNX Runtime, for peers that make one call at a time",
    )
    parser.add_argument("--clients", type=int, nargs="+", default=CLIENTS)
    parser.add_argument(
        "--cache", type=Path, default=Path(tempfile.gettempdir()) / "bench-peers",
        help="folder of the environments and models",
    )  # fmt: skip
    parser.add_argument("--prepare", action="store_true", help="install and make, then stop")
    options = parser.parse_args()
    for tool in ("wrk", "uv"):
        if not shutil.which(tool):
            sys.exit(f"{tool} is missing")
    sys.path[:0] = [str(TEMPLATE), str(LIBRARY)]
    options.cache = options.cache.resolve()
    words = options.models.split(",")
    kinds = [kind for word in words for kind in MODELS.get(word, (word,))]
    names = chosen(options.only, PEERS, "peer")
    if unknown := set(kinds) - {kind for group in MODELS.values() for kind in group}:
        sys.exit(f"no model is called {', '.join(unknown)}")
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(options, Path(folder))
        left_out = bench.prepare(kinds, names)
        records = [] if options.prepare else measure(bench, kinds, names, left_out)
    if records:
        print(markdown(records, options))
    for name, reason in left_out.items():
        print(f"\n{name} is left out: {reason}")
    print(f"\n```json\n{json.dumps(records)}\n```")


if __name__ == "__main__":
    main()
