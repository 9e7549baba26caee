"""Collect labelled captures: the earlier rows to train on, the latest to compare models on.

Rows to train on lie in a file for each day of their capture, which a later run over that day writes
again: with the ground truth that came late, and no row twice.
"""

import argparse
import hashlib
import json
import shutil
import tomllib
from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from . import workflow
from .training_path import add_training_path

CONFIG = Path("config", "training.toml")
TRAINING = Path("data", "collected")  # in the repository, and in [data] of config/training.toml
TRUTHS = workflow.FETCHED / "ground-truth"
COLLECTED = workflow.FETCHED / "collected.jsonl"
DAYS = workflow.FETCHED / "days"  # of the rows to train on, until it is known that there are enough
LATEST = workflow.FETCHED / "latest.jsonl"  # rows, some of which may equal those to train on
HOLDOUT = workflow.FETCHED / "holdout.jsonl"  # which training never sees
NOTHING_WRITTEN = 2  # the exit code of `collect` after an error that it names
HOLDOUT_PART = 4  # the latest quarter of the rows
TIME = "__captured_at"  # the last field of a collected row; no row to train on has it
DATE = len("2026-01-31")
MIDNIGHT = "T00:00:00"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `collect-rows`."""
    workflow.add_option(parser, "--since", variable="SINCE", about="Start of the window, in UTC")
    workflow.add_option(parser, "--until", variable="UNTIL", about="End of the window, in UTC")


def collect(since: str, until: str) -> bool:
    """Run the project's `collect`; return whether it wrote rows.

    The step fails if the command ended in another way than by saying why it wrote none.
    """
    words = [str(workflow.FETCHED / "captures"), "--ground-truth", str(TRUTHS)]
    words += ["--model", str(workflow.SERVED_MODEL), "--since", since, "--until", until]
    words += ["--time-column", split_column() or TIME, "--output", str(COLLECTED)]
    code = workflow.run_project_command("collect", *words)
    if code not in (0, NOTHING_WRITTEN):
        workflow.fail(f"`collect` ended with exit code {code}; the log says why.")
    return code == 0


def read_config() -> dict[str, Any]:
    """Return the content of config/training.toml."""
    return tomllib.loads(CONFIG.read_text(encoding="utf-8"))


def split_column() -> str:
    """Return the column with the time that the split is by, an empty text without one."""
    section = read_config().get("split", {})
    return str(section.get("column", "")) if section.get("by") == "time" else ""


def encoding_of_data() -> str:
    """Return the encoding that training reads files in."""
    return str(read_config().get("data", {}).get("encoding", "utf-8"))


def encoding_of_served() -> str:
    """Return the encoding that `collect` writes rows in: that of the served model's data."""
    manifest = json.loads((workflow.SERVED_MODEL / workflow.MANIFEST).read_text(encoding="utf-8"))
    return str(manifest.get("data", {}).get("dialect", {}).get("encoding", "utf-8"))


def read_lines(path: Path, encoding: str) -> Iterator[str]:
    """Yield the lines of a file of rows."""
    with path.open(encoding=encoding, newline="\n") as stream:
        yield from stream


def read_collected() -> Iterator[tuple[str, str]]:
    """Yield the time of each collected row, and the line to train on."""
    column = split_column()
    before = f",{json.dumps(column or TIME, ensure_ascii=False)}:"
    for line in read_lines(COLLECTED, encoding_of_served()):
        row, _, time = line.rpartition(before)
        yield time.strip('"}\n'), line if column else f"{row}}}\n"


def split(since: str) -> tuple[int, int]:
    """Write the files of days and the hold-out; return how many rows each has.

    A row that is held out is none that the model is trained on: equal ones are left out. A day that
    began before the window keeps the file that it has.

    Args:
        since: the start of the window, such as 2026-01-31T06:00:00.
    """
    begun = "" if since.endswith(MIDNIGHT) else since[:DATE]
    kept = begun if (TRAINING / f"{begun}.jsonl").exists() else ""
    encoding = encoding_of_data()
    shutil.rmtree(DAYS, ignore_errors=True)
    DAYS.mkdir(parents=True)
    LATEST.write_bytes(b"")
    rows = held_out = 0
    for day, group in groupby(divide(), key=itemgetter(0)):
        if not day or day != kept:
            path = DAYS / f"{day}.jsonl" if day else LATEST
            with path.open("a", encoding=encoding, newline="") as file:
                for _, row in group:
                    file.write(row)
                    rows += day != ""
    days = {path.name: path for folder in (TRAINING, DAYS) for path in folder.glob("*.jsonl")}
    known = {key_of(row) for path in days.values() for row in read_lines(path, encoding)}
    with HOLDOUT.open("w", encoding=encoding, newline="") as file:
        for row in read_lines(LATEST, encoding):
            if key_of(row) not in known:
                file.write(row)
                held_out += 1
    return rows, held_out


def divide() -> Iterator[tuple[str, str]]:
    """Yield the day of each row to train on, an empty text for the others, and the row."""
    times = Counter(time for time, _ in read_collected())
    earlier = times.total() * (HOLDOUT_PART - 1) // HOLDOUT_PART
    last, left = "", earlier  # the last second to train on, and how many of its rows
    for second in sorted(times):
        last = second
        if times[second] >= left:
            break
        left -= times[second]
    for time, row in read_collected():
        left -= time == last
        trained = time < last or (time == last and left >= 0)
        yield time[:DATE] if trained else "", row


def key_of(line: str) -> bytes:
    """Return what equal rows have in common, and no others."""
    return hashlib.blake2b(line.encode(), digest_size=16).digest()


def main(options: argparse.Namespace) -> None:
    """Set the output `collected`; that there are no rows is no failure of this step."""
    rows = held_out = 0
    reason = "there are no captures with ground truth to train and to compare on"
    if TRUTHS.is_dir() and not collect(options.since, options.until):
        reason = "`collect` wrote no rows, and its error in the log says why"
    elif TRUTHS.is_dir():
        try:
            rows, held_out = split(options.since)
        except UnicodeError as error:
            workflow.fail(f"The rows have signs that the encoding of {CONFIG} lacks: {error}")
    if rows and held_out:
        TRAINING.mkdir(parents=True, exist_ok=True)
        for path in DAYS.iterdir():
            shutil.copyfile(path, TRAINING / path.name)
        add_training_path(CONFIG, TRAINING.as_posix())
        workflow.append_summary(f"{rows} collected rows to train on, {held_out} to compare on.")
    else:
        HOLDOUT.unlink(missing_ok=True)
        workflow.notice(
            f"From {options.since} to {options.until}, {reason}: the model is trained on the "
            "repository's data alone."
        )
    workflow.set_output(collected=str(bool(rows and held_out)).lower())
