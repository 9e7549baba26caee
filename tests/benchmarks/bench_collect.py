"""Measures how fast captures and ground truth become rows to train on, and in how much memory.

    uv run python tests/benchmarks/bench_collect.py [--records 2000000] [--rounds 3]

Machines differ and are noisy: read the ratio to `monitor` on the same files, which is the rounds'
median, and the processor time. RSS counts a page once for each process that maps it, PSS once in
all; its anonymous part is what the kernel cannot drop. Bodies are drawn at random and hold one row
each; every row has a ground truth, and all files lie in the page cache when the clock starts.
"""

import argparse
import gzip
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import NamedTuple

from bench_monitor import OK, PAUSE_S, VIOLATION, write_captures
from bench_service import Bench, show

ID = '"inferenceId":"'
TRUTH = (
    '{"groundTruthData":{"data":"%s","encoding":"CSV"},"eventMetadata":{"eventId":"%s","row":0},'
    '"eventVersion":"0"}\n'
)
SHARE = 10  # of the records, for the memory of fewer
MEMORY = ("Rss", "Pss", "Pss_Anon")  # fields of smaps_rollup, in KiB


class Cost(NamedTuple):
    """What a command cost: seconds, seconds of processors, and the peaks of MEMORY in MiB."""

    seconds: float
    processor_s: float
    peaks: tuple[float, ...]


def measure(command, folder):
    """Run a command, and return what it cost with all its children."""
    started, peaks = time.perf_counter(), (0.0,) * len(MEMORY)
    before = os.times()
    words = [str(word) for word in command]
    with subprocess.Popen(words, cwd=folder, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            peaks = tuple(map(max, zip(peaks, memory_of_all(process.pid), strict=True)))
            time.sleep(PAUSE_S)
    seconds, after = time.perf_counter() - started, os.times()
    if process.returncode not in (OK, VIOLATION):
        sys.exit(f"{command[0]} failed")
    processor_s = sum(after[2:4]) - sum(before[2:4])
    return Cost(seconds, processor_s, peaks)


def memory_of_all(pid):
    """Return the fields of MEMORY of a process and its children, in MiB; of none, nothing."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text("utf-8").splitlines()[1:]
        listed = [path.read_text("utf-8") for path in Path(f"/proc/{pid}/task").glob("*/children")]
    except OSError:
        return (0.0,) * len(MEMORY)  # it has just come to an end
    sizes = {name: int(size.split()[0]) for name, _, size in (x.partition(":") for x in lines)}
    own = [sizes.get(name, 0) / 2**10 for name in MEMORY]
    children = [memory_of_all(child) for child in " ".join(listed).split()]
    return tuple(map(sum, zip(own, *children, strict=True)))


def write_truths(captures, folder, labels):
    """Write a ground truth for each record of one row."""
    draw = random.Random(5)
    for path in sorted(captures.rglob("*.jsonl")):
        place = folder / path.relative_to(captures)
        place.parent.mkdir(parents=True, exist_ok=True)
        with path.open(encoding="utf-8") as records, place.open("w", encoding="utf-8") as truths:
            for record in records:
                name = record[record.rindex(ID) + len(ID) :].partition('"')[0]
                truths.write(TRUTH % (draw.choice(labels), name))


def compress(folder, compressed):
    """Write the files of a folder compressed, as an archive of captures has them."""
    for path in folder.rglob("*.jsonl"):
        place = compressed / path.relative_to(folder)
        place.parent.mkdir(parents=True, exist_ok=True)
        with path.open("rb") as plain, gzip.open(f"{place}.gz", "wb", 6) as archive:
            shutil.copyfileobj(plain, archive)


def main():
    """Bake, train, write captures and ground truth, and collect them in each format."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--records", type=int, default=2_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bench = Bench(folder)
        manifest = json.loads((bench.project / "model" / "manifest.json").read_text("utf-8"))
        counts = {"all": options.records, "few": options.records // SHARE}
        for part, count in counts.items():
            write_captures(folder / part, manifest, count)
            write_truths(folder / part, folder / f"{part}-truths", manifest["labels"])
        compress(folder / "all", folder / "packed")
        program = bench.bin / bench.name

        def collect(captures, truths, output):
            paths = [folder / captures, "--ground-truth", folder / truths]
            return [program, "collect", *paths, "--output", folder / output]

        monitored = [folder / "all", "--ground-truth", folder / "all-truths"]
        commands = {
            "monitor": [program, "monitor", *monitored, "--output", folder / "report"],
            "csv": collect("all", "all-truths", "new.csv"),
            "csv of gzip": collect("packed", "all-truths", "packed.csv"),
            "csv of a tenth": collect("few", "few-truths", "few.csv"),
        }
        results = {title: [] for title in commands}
        for _ in range(options.rounds):
            for title, command in commands.items():
                results[title].append(measure(command, bench.project))
        report(results, options.records)


def report(results, records):
    """Print what was measured."""
    tenth = "csv of a tenth"
    for title, rounds in results.items():
        count = records // SHARE if title == tenth else records
        show(f"{title}, records/s", count / median(each.seconds for each in rounds), "")
        processor_us = median(each.processor_s for each in rounds) / count * 1e6
        show(f"{title}, processor us/record", processor_us, "")
        for name, peak in zip(MEMORY, peaks_of(rounds), strict=True):
            show(f"{title}, {name}, MiB", peak, "")
    pairs = zip(results["csv"], results["monitor"], strict=True)
    show("csv / monitor, s", median(a.seconds / b.seconds for a, b in pairs), "")
    for name, *peaks in zip(MEMORY, *map(peaks_of, (results["csv"], results[tenth])), strict=True):
        growth = (peaks[0] - peaks[1]) * 2**20 / (records - records // SHARE)
        show(f"{name}, bytes for each further record", growth, "")
    print("wanted: 200,000 records/s on two processors")


def peaks_of(rounds):
    """Return the highest peaks of MEMORY, in MiB."""
    return [max(peaks) for peaks in zip(*(each.peaks for each in rounds), strict=True)]


if __name__ == "__main__":
    main()
