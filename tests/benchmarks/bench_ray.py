"""Measures `batch --ray` on two nodes of one core against one node of one core, interleaved.

    uv run python tests/benchmarks/bench_ray.py [--rows 3000000] [--rounds 2]

All nodes are on this machine, which needs two free cores. Each round starts a cluster of one node,
lets it answer a job, ends it, and does the same with two nodes. The time is that of the job: it
connects, starts a process for each node that loads the model, and answers the shards. A cluster's
start does not count. Nodes have one processor for Ray, but are not pinned to a core: Ray's own
processes take some of the second one.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from bench_batch import write_rows
from bench_service import Bench, show
from process_tree import MARK, Tree

CLUSTER = Path(__file__).parents[1] / "batch_platforms" / "ray_cluster.py"
NODES = (1, 2)
FILES = 16  # of rows; each is a shard
SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # by the loopback address
}
# Prints the seconds of a job: ADDRESS PACKAGE ROOT SOURCE OUTPUT SHARDS.
DRIVER = """
import sys, time
import ray
from modelserve.batch.ray_job import RayJob, answer_on_ray
address, package, root, source, output, shards = sys.argv[1:]
job = RayJob(package, root, f"{root}/model", source, output, "others", "csv", "files",
             int(shards), False)
started = time.perf_counter()
counts = answer_on_ray(address, job)
print(time.perf_counter() - started, counts.rows)
"""


class RayBench:
    """A project with Ray, and a folder of files to answer."""

    def __init__(self, folder, rows):
        """Bake, train, install Ray, write the rows."""
        self.folder, self.rows = folder, rows // FILES * FILES
        self.bench = Bench(folder)
        self.python = self.bench.bin / "python"
        library = self.bench.project / "vendor" / "modelserve"
        self.bench.run("uv", "pip", "install", "--python", str(self.python), f"{library}[ray]")
        manifest = json.loads((self.bench.project / "model" / "manifest.json").read_text("utf-8"))
        self.source = folder / "rows"
        self.source.mkdir()
        write_rows(self.source / "00.csv", manifest, rows // FILES)
        for i in range(1, FILES):
            shutil.copy(self.source / "00.csv", self.source / f"{i:02d}.csv")

    def answer(self, nodes):
        """Answer all rows on a cluster of its own; return rows per second."""
        output = self.folder / "answers"
        words = [self.bench.name.replace("-", "_"), self.bench.project, self.source, output, FILES]
        with self._start(nodes) as (address, environment):
            done = subprocess.run(
                [str(self.python), "-c", DRIVER, address, *map(str, words)],
                env=environment, capture_output=True, text=True, check=False,
            )  # fmt: skip
        if done.returncode:
            sys.exit(f"the job failed:\n{done.stderr}")
        seconds, answered = done.stdout.split()[-2:]
        if int(answered) != self.rows:
            sys.exit(f"{answered} of {self.rows} rows were answered")
        shutil.rmtree(output)
        return self.rows / float(seconds)

    @contextmanager
    def _start(self, nodes):
        """Start a cluster; yield its address and the environment of its processes; end it."""
        mark = f"ray-{nodes}"
        with tempfile.TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True) as own:
            environment = os.environ | SETTINGS | {"RAY_TMPDIR": own, MARK: mark}
            log = self.folder / "cluster.log"
            with log.open("w") as stderr, subprocess.Popen(
                [str(self.python), str(CLUSTER), str(nodes)],
                env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=stderr, start_new_session=True, text=True,
            ) as process:  # fmt: skip
                try:
                    if not (address := process.stdout.readline().strip()):
                        sys.exit(f"the cluster did not start:\n{log.read_text()[-2000:]}")
                    yield address, environment
                finally:
                    process.stdin.close()
                    try:
                        process.wait(timeout=30)
                    except subprocess.TimeoutExpired:
                        print("the cluster did not end by itself", file=sys.stderr)
                    Tree(process.pid, mark).end(process)


def main():
    """Bake, train, install Ray, write rows, and answer them on clusters in turn."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=3_000_000)
    parser.add_argument("--rounds", type=int, default=2)
    asked = parser.parse_args()
    rates = {nodes: [] for nodes in NODES}
    with tempfile.TemporaryDirectory() as name:
        bench = RayBench(Path(name), asked.rows)
        for _ in range(asked.rounds):
            for nodes, told in rates.items():
                told.append(bench.answer(nodes))
    show("one node, thousand rows/s", median(rates[1]) / 1e3, f"{bench.rows:,} rows")
    show("two nodes, thousand rows/s", median(rates[2]) / 1e3, "of one core each")
    ratios = [two / one for one, two in zip(rates[1], rates[2], strict=True)]
    show("two nodes / one", median(ratios), "wanted: 1.7")
    if hasattr(os, "getloadavg"):
        show("load average, 5 minutes", os.getloadavg()[1], "wanted: 2, or others took the cores")


if __name__ == "__main__":
    main()
