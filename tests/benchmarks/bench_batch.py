"""Measures `batch` against a loop over HTTP with one row a request, interleaved, and its memory.

    uv run python tests/benchmarks/bench_batch.py [--rows 200000] [--rounds 3]

Machines differ and are noisy: read rows per minute of processor time, and the ratio of processor
times, which is the rounds' median. `batch` runs on one core; the loop's time is that of client and
server, of which only one works at a time.
"""

import argparse
import http.client
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from bench_service import Bench, show

LOOP_S = 3  # of the loop over HTTP in each round
LARGE = 10  # times as many rows, for the memory


def write_rows(path, manifest, count):
    """Write so many rows with an id and a column that the model does not have."""
    draw = random.Random(7)
    features = manifest["features"]
    with path.open("w", encoding="utf-8") as lines:
        lines.write(",".join(["id", *(each["name"] for each in features), "note"]) + "\n")
        for i in range(count):
            values = [round(draw.uniform(each["minimum"], each["maximum"]), 1) for each in features]
            lines.write(f"{i},{','.join(map(str, values))},kept\n")


def answer(command, source, output, folder):
    """Answer a file on one core; return seconds of processor time, and peak memory in MiB."""
    cores = getattr(os, "sched_getaffinity", lambda _: {0})(0)

    def pin():
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, {min(cores)})

    # pylint: disable-next=subprocess-popen-preexec-fn,consider-using-with  # wait4 waits for it
    process = subprocess.Popen(
        [*map(str, command), str(source), str(output)],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        preexec_fn=pin,
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit("batch failed")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def loop(port, process, row, key, seconds):
    """Ask for one row at a time over one connection; return rows per second of processor time."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    body = json.dumps({"instances": [row]})
    headers = {"Content-Type": "application/json", "X-API-Key": key}
    asked, started = 0, time.perf_counter()
    used = time.process_time() + processor_time(process.pid)
    while time.perf_counter() - started < seconds:
        connection.request("POST", "/predict", body, headers)
        response = connection.getresponse()
        response.read()
        if response.status != 200:
            sys.exit(f"the service answered {response.status}")
        asked += 1
    connection.close()
    return asked / (time.process_time() + processor_time(process.pid) - used)


def processor_time(pid):
    """Return the processor time of a process, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(command, folder, sources, ask, rounds):
    """Return rows per minute of processor time, the ratio to the loop, and peak memory.

    Args:
        command: the words before source and output.
        folder: of the project.
        sources: files of rows by their number of rows, the smaller one first.
        ask: returns the rows per second of the loop over HTTP.
        rounds: how often each is measured, in turn.
    """
    (few, small), (many, large) = sources.items()
    rates, ratios, peaks = [], [], {}
    for _ in range(rounds):
        used, peaks[few] = answer(command, small, small.with_suffix(".out.csv"), folder)
        rates.append(few / used * 60)
        ratios.append(few / used / ask())
    peaks[many] = answer(command, large, large.with_suffix(".out.csv"), folder)[1]
    return median(rates), median(ratios), peaks


def main():
    """Bake, train, serve, write rows, and answer them both ways in turn."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bench = Bench(folder)
        manifest = json.loads((bench.project / "model" / "manifest.json").read_text("utf-8"))
        sources = {count: folder / f"{count}.csv" for count in (asked.rows, LARGE * asked.rows)}
        for count, path in sources.items():
            write_rows(path, manifest, count)
        with bench.serve("service_uncaptured") as (port, process):
            report(
                *measure(
                    [bench.bin / bench.name, "batch"],
                    bench.project,
                    sources,
                    lambda: loop(port, process, bench.row, bench.key, LOOP_S),
                    asked.rounds,
                )
            )


def report(rate, ratio, peaks):
    """Print what was measured."""
    show("batch, million rows per minute of one core", rate / 1e6, "wanted: 1")
    show("batch / a loop over HTTP", ratio, "wanted: 20")
    for count, peak in peaks.items():
        show(f"batch of {count:,} rows, MiB", peak, "wanted: a few more for more rows")


if __name__ == "__main__":
    main()
