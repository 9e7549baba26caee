"""Collect labelled captures: the earlier rows to train on, the latest to compare models on."""

import argparse
import hashlib
from pathlib import Path

from . import workflow
from .training_path import add_training_path

CONFIG = Path("config", "training.toml")
TRAINING = Path("data", "collected")  # in the repository, and in [data] of config/training.toml
COLLECTED = workflow.FETCHED / "collected.jsonl"
HOLDOUT = workflow.FETCHED / "holdout.jsonl"  # which training never sees
HOLDOUT_PART = 4  # the latest quarter of the rows


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `collect-rows`."""
    workflow.add_option(parser, "--since", variable="SINCE", about="Start of the window, in UTC")
    workflow.add_option(parser, "--until", variable="UNTIL", about="End of the window, in UTC")


def collect(since: str, until: str) -> bool:
    """Run the project's `collect`; return whether it found rows with ground truth."""
    truths = workflow.FETCHED / "ground-truth"
    if not truths.is_dir():
        return False
    words = [str(workflow.FETCHED / "captures"), "--ground-truth", str(truths)]
    words += ["--model", str(workflow.SERVED_MODEL), "--since", since, "--until", until]
    return workflow.run_project_command("collect", *words, "--output", str(COLLECTED)) == 0


def split(collected: Path, training: Path, holdout: Path) -> tuple[int, int]:
    """Divide collected rows, and return the numbers of rows to train on and of those held out.

    A row that is held out is none that the model was trained on: equal ones are left out.
    """
    with collected.open("rb") as stream:
        earlier = sum(1 for _ in stream) * (HOLDOUT_PART - 1) // HOLDOUT_PART
    for path in (training, holdout):
        path.parent.mkdir(parents=True, exist_ok=True)
    seen, held_out = set(), 0
    with collected.open("rb") as stream, training.open("wb") as first, holdout.open("wb") as last:
        for number, line in enumerate(stream):
            key = hashlib.blake2b(line, digest_size=16).digest()
            if number < earlier:
                first.write(line)
                seen.add(key)
            elif key not in seen:
                last.write(line)
                held_out += 1
    return earlier, held_out


def main(options: argparse.Namespace) -> None:
    """Set the output `collected`; that there are no rows is no failure of this step."""
    training = TRAINING / f"{options.until[:10]}.jsonl"
    rows = held_out = 0
    if collect(options.since, options.until):
        rows, held_out = split(COLLECTED, training, HOLDOUT)
    if rows and held_out:
        add_training_path(CONFIG, TRAINING.as_posix())
        workflow.append_summary(f"{rows} collected rows to train on, {held_out} to compare on.")
    else:
        for path in (training, HOLDOUT):
            path.unlink(missing_ok=True)
        workflow.notice(
            f"From {options.since} to {options.until}, there are no captures with ground truth to "
            "train and to compare on: the model is trained on the repository's data alone."
        )
    workflow.set_output(collected=str(bool(rows and held_out)).lower())
