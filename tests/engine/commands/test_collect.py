"""`collect` writes rows that `train` takes beside the sample, and prints every count."""

import json
import shutil
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from modelserve.artifact import Artifact
from modelserve.training.config import Config

from tests.engine.commands.run import Command, one_line

FAMILIES = ("iris", "diabetes", "sentiment")
FOLDERS = ("captures", "--ground-truth", "truths")


@pytest.fixture
def truths(config: Config, trained: Artifact) -> list[str]:
    """Return ground truths, those of the model's task."""
    return list(trained.manifest.labels) or ["99.5", "140"]


@pytest.fixture
def production(
    trained: Artifact, golden: list[dict[str, Any]], truths: list[str], command: Command
) -> int:
    """Write captures and ground truth of the golden cases; return how many there are."""
    del command  # which works in an empty folder
    manifest = trained.manifest
    answer = {"model_name": manifest.name, "model_version": manifest.version, "degraded": False}
    for folder in ("captures", "truths"):
        Path(folder).mkdir()
    values = cycle(truths)
    with (
        Path("captures/one.jsonl").open("w") as captures,
        Path("truths/one.jsonl").open("w") as out,
    ):
        for i, case in enumerate(golden):
            bodies = {"instances": [case["input"]]}, {**answer, "predictions": [{}]}
            sides = zip(("endpointInput", "endpointOutput"), map(json.dumps, bodies), strict=True)
            captured = {side: {"data": body, "encoding": "JSON"} for side, body in sides}
            event = {"eventId": f"{i:032x}", "inferenceTime": "2026-11-21T10:00:00Z"}
            captures.write(json.dumps({"captureData": captured, "eventMetadata": event}) + "\n")
            truth = {"data": next(values), "encoding": "CSV"}
            out.write(json.dumps({"groundTruthData": truth, "eventMetadata": event}) + "\n")
    return len(golden)


@pytest.mark.parametrize("output", ["new.parquet", "new.csv.gz", "new.jsonl"])
def test_the_sample_and_collected_rows_are_trained_on_together(
    command: Command,
    production: int,
    trained: Artifact,
    config: Config,
    training_toml: Path,
    with_gate: Callable[[str], Path],
    output: str,
) -> None:
    model = ("--model", trained.folder)
    done = command("collect", *FOLDERS, "--output", output, *model, "--config", training_toml)
    assert (done.code, done.err) == (0, "")
    assert f"rows written {production}" in done.rows

    metric = "r2 = -9" if config.task == "regressor" else "accuracy = 0"
    path = with_gate(metric)
    text = path.read_text(encoding="utf-8")
    sample = f'path = "{config.data.path.as_posix()}"'  # type: ignore[union-attr]
    assert sample in text
    path.write_text(
        text.replace(sample, f'{sample[:7]}[{sample[7:]}, "{output}"]'), encoding="utf-8"
    )
    assert command("train", "--output", "fresh").code == 0

    before, after = (
        json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        for folder in (trained.folder, Path("fresh"))
    )
    counts = ("training_rows", "calibration_rows", "test_rows")
    rows = [sum(each["data"][name] for name in counts) for each in (before, after)]
    assert rows[1] == rows[0] + production
    assert [each["dtype"] for each in after["features"]] == [
        each["dtype"] for each in before["features"]
    ]
    assert after["labels"] == before["labels"]


def test_a_label_that_the_model_does_not_know_is_printed(
    command: Command, production: int, trained: Artifact, training_toml: Path
) -> None:
    if not trained.manifest.labels:
        pytest.skip("a regressor has no labels")
    path = Path("truths/one.jsonl")
    first = json.dumps(trained.manifest.labels[0])
    path.write_text(path.read_text().replace(first, '"[new]"'))
    done = command(
        "collect",
        *FOLDERS,
        "--output",
        "new.csv",
        "--model",
        trained.folder,
        "--config",
        training_toml,
    )
    assert done.code == 0
    assert "warning: labels that the model does not know: '[new]' (" in done.out


def test_the_target_can_be_named_without_a_configuration(
    command: Command, production: int, trained: Artifact
) -> None:
    arguments = ("collect", *FOLDERS, "--output", "new.csv", "--model", trained.folder)
    assert "config/training.toml cannot be read" in one_line(command(*arguments).err)
    assert command(*arguments, "--target", "outcome").code == 0
    header = Path("new.csv").read_text(encoding="utf-8").partition("\n")[0]
    assert header.split(",") == [*(each.name for each in trained.manifest.features), "outcome"]


def test_nothing_to_join_is_one_line_with_the_way_out(
    command: Command, production: int, trained: Artifact
) -> None:
    Path("truths/one.jsonl").write_text("")
    done = command(
        "collect", *FOLDERS, "--output", "new.csv", "--model", trained.folder, "--target", "outcome"
    )
    assert done.code == 2
    assert f"{production} rows without a ground truth" in one_line(done.err)
    assert not Path("new.csv").exists()


def test_ground_truth_that_is_missing_is_named_with_the_way_out(
    command: Command, production: int, trained: Artifact
) -> None:
    assert production
    shutil.rmtree("truths")
    done = command(
        "collect", *FOLDERS, "--output", "new.csv", "--model", trained.folder, "--target", "outcome"
    )
    assert done.code == 2
    assert one_line(done.err) == (
        "error: --ground-truth truths does not exist: no feedback was stored yet, or the path is "
        "wrong. Send feedback first: vendor/modelserve/docs/feedback.md."
    )


def test_the_time_is_a_column_where_the_rows_are_split_by_time(
    command: Command, production: int, trained: Artifact
) -> None:
    Path("config").mkdir()
    Path("config/training.toml").write_text(
        '[data]\ntarget = "outcome"\n[split]\nby = "time"\ncolumn = "day"\n'
    )
    assert command("collect", *FOLDERS, "--output", "new.csv", "--model", trained.folder).code == 0
    header, *lines = Path("new.csv").read_text(encoding="utf-8").splitlines()
    assert header.endswith(",outcome,day")
    assert lines[-1].endswith(",2026-11-21T10:00:00Z")
