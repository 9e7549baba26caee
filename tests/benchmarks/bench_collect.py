"""Measures how fast captures and ground truth become rows to train on, and in how much memory.

    uv run python tests/benchmarks/bench_collect.py [--records 2000000] [--rounds 3]

Machines differ and are noisy: read the ratio to `monitor` on the same files, which is the rounds'
median. Bodies are drawn at random and hold one row each; every row has a ground truth, and all
files lie in the page cache when the clock starts.
"""

import argparse
import gzip
import json
import random
import shutil
import tempfile
from pathlib import Path
from statistics import median

from bench_monitor import measure, write_captures
from bench_service import Bench, show

ID = '"inferenceId":"'
TRUTH = (
    '{"groundTruthData":{"data":"%s","encoding":"CSV"},"eventMetadata":{"eventId":"%s","row":0},'
    '"eventVersion":"0"}\n'
)
SHARE = 10  # of the records, for the memory of fewer


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
    seconds = {title: median(each for each, _ in rounds) for title, rounds in results.items()}
    peaks = {title: max(peak for _, peak in rounds) for title, rounds in results.items()}
    for title in results:
        count = records // SHARE if title == "csv of a tenth" else records
        show(f"{title}, records/s", count / seconds[title], "")
        show(f"{title}, MiB", peaks[title], "")
    pairs = zip(results["csv"], results["monitor"], strict=True)
    show("csv / monitor, s", median(a[0] / b[0] for a, b in pairs), "")
    show("MiB of all / of a tenth", peaks["csv"] / peaks["csv of a tenth"], "")
    print("wanted: 200,000 records/s on two processors")


if __name__ == "__main__":
    main()
