"""Measures the monitoring job against the same comparison written with pandas, interleaved.

    uv run python tests/benchmarks/bench_monitor.py [--records 1000000] [--rounds 3]

Machines differ and are noisy: read the ratio, which is the rounds' median. The captures' bodies are
drawn at random and hold one row each; all of them lie in the page cache when the clock starts.
"""

import argparse
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

HERE = Path(__file__).parent
PER_FILE = 25_000
PAUSE_S = 0.05  # between two looks at a job's memory
START_MS = 1_795_255_200_000  # 2026-11-21T10:00:00Z
OK, VIOLATION = 0, 3

RECORD = (
    '{"captureData":{"endpointInput":{"observedContentType":"application/json","mode":"INPUT",'
    '"data":%s,"encoding":"JSON"},"endpointOutput":{"observedContentType":"application/json",'
    '"mode":"OUTPUT","data":%s,"encoding":"JSON"}},"eventMetadata":{"eventId":"%s",'
    '"customAttributes":["consumer=bench"],"inferenceTime":"2026-11-21T%02d:%02d:%02dZ",'
    '"inferenceId":"%s"},"eventVersion":"0"}\n'
)


def write_captures(folder, manifest, count):
    """Write so many records of one row, as the service does."""
    draw = random.Random(7)
    for first in range(0, count, PER_FILE):
        hour = first // PER_FILE % 24
        path = folder / manifest["name"] / "AllTraffic" / "2026/11/21" / f"{hour:02d}"
        path.mkdir(parents=True, exist_ok=True)
        with (path / f"{first:08d}.jsonl").open("w", encoding="utf-8") as lines:
            for i in range(first, min(first + PER_FILE, count)):
                lines.write(make_record(manifest, draw, hour, i))


def make_record(manifest, draw, hour, i):
    """Return a record of one row."""
    row = {
        each["name"]: round(draw.uniform(each["minimum"], each["maximum"]), 1)
        for each in manifest["features"]
    }
    labels = manifest["labels"]
    weights = [draw.random() ** 3 for _ in labels]
    shares = [round(weight / sum(weights), 6) for weight in weights]
    answer = {
        "predictions": [
            {
                "label": labels[shares.index(max(shares))],
                "probabilities": dict(zip(labels, shares, strict=True)),
            }
        ],
        "model_name": manifest["name"],
        "model_version": manifest["version"],
        "inference_id": f"{START_MS + i:012x}{draw.getrandbits(80):020x}",
        "degraded": False,
    }
    asked = json.dumps(json.dumps({"instances": [row]}))
    answered = json.dumps(json.dumps(answer, separators=(",", ":")))
    name = answer["inference_id"]
    return RECORD % (asked, answered, name, hour, i // 60 % 60, i % 60, name)


def measure(command, folder):
    """Run a command; return its seconds, and its peak memory with all its children's, in MiB."""
    started = time.perf_counter()
    words, peak = [str(word) for word in command], 0.0
    with subprocess.Popen(words, cwd=folder, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            peak = max(peak, memory_of_all(process.pid))
            time.sleep(PAUSE_S)
    seconds = time.perf_counter() - started
    if process.returncode not in (OK, VIOLATION):
        sys.exit(f"{command[0]} failed")
    return seconds, peak


def memory_of_all(pid):
    """Return the resident memory of a process and its children, in MiB; of none, nothing."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text("utf-8").split()[1])
        listed = [path.read_text("utf-8") for path in Path(f"/proc/{pid}/task").glob("*/children")]
    except OSError:
        return 0.0  # it has just come to an end
    children = " ".join(listed).split()
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20 + sum(map(memory_of_all, children))


def main():
    """Bake, train, write captures, and let both look at them in turn."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bench = Bench(folder)
        manifest = json.loads((bench.project / "model" / "manifest.json").read_text("utf-8"))
        captures = folder / "captures"
        write_captures(captures, manifest, asked.records)
        commands = {
            "the job": [bench.bin / bench.name, "monitor", captures, "--output", folder / "report"],
            "pandas": [bench.bin / "python", HERE / "pandas_monitor.py", captures, "model"],
        }
        told = {title: [] for title in commands}
        for _ in range(asked.rounds):
            for title, command in commands.items():
                told[title].append(measure(command, bench.project))
        tell(told, asked.records)


def tell(told, records):
    """Print what was measured."""
    for title, rounds in told.items():
        seconds, peaks = zip(*rounds, strict=True)
        show(f"{title}, {records:,} records, s", median(seconds), "")
        show(f"{title}, MiB", max(peaks), "")
    pairs = zip(told["pandas"], told["the job"], strict=True)
    show("pandas / the job", median(a[0] / b[0] for a, b in pairs), "")
    print("wanted of the job: under 5 s or five times as fast, and under 400 MiB")


if __name__ == "__main__":
    main()
