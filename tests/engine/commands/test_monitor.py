"""`monitor` prints what was found, and names the libraries that it needs."""

import json
import sys
from pathlib import Path

import pytest
from modelserve import cli
from modelserve.artifact import Artifact
from modelserve.manifest import Manifest

from tests.engine.commands.run import Command, one_line
from tests.engine.families import Family

ENCODING = {"encoding": "JSON"}


def test_missing_libraries_are_reported_with_what_to_install(
    command: Command, trained: Artifact, monkeypatch: pytest.MonkeyPatch, family: Family
) -> None:
    # It is imported late, when captures have been found.
    monkeypatch.setitem(sys.modules, f"{cli.__package__}.monitoring.evaluation", None)
    Path("captures").mkdir()
    config = family.root / "config" / "monitoring.toml"
    done = command("monitor", "captures", "--model", trained.folder, "--config", config)
    assert done.code == 1
    assert "this command needs requirements/training.txt" in one_line(done.err)


def capture_one_request(manifest: Manifest, *, rows: int = 60) -> None:
    """Write a request of some equal rows to the folder `captures`."""
    row = {each.name: each.maximum for each in manifest.features}
    answer = {"label": manifest.labels[0], "probabilities": dict.fromkeys(manifest.labels, 0.0)}
    answer["probabilities"][manifest.labels[0]] = 1.0
    bodies = [
        {"instances": [row] * rows},
        {"predictions": [answer] * rows, "model_version": manifest.version, "degraded": False},
    ]
    sides = {
        side: {"observedContentType": "application/json", "data": json.dumps(body), **ENCODING}
        for side, body in zip(("endpointInput", "endpointOutput"), bodies, strict=True)
    }
    about = {"eventId": "1", "inferenceTime": "2026-11-21T10:00:00Z"}
    Path("captures").mkdir()
    Path("captures/one.jsonl").write_text(
        json.dumps({"captureData": sides, "eventMetadata": about, "eventVersion": "0"})
    )


def test_a_violation_is_printed_with_its_runbook(
    command: Command, trained: Artifact, monkeypatch: pytest.MonkeyPatch, family: Family
) -> None:
    for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY"):
        monkeypatch.delenv(name, raising=False)
    manifest = trained.manifest
    capture_one_request(manifest)
    config = family.root / "config" / "monitoring.toml"

    done = command("monitor", "captures", "--model", trained.folder, "--config", config)

    lines = done.out.splitlines()
    assert done.code == 3
    assert lines[0].startswith(f"{manifest.features[0].name}: PSI ")
    assert "What to do: vendor/modelserve/docs/runbooks/input-drift.md" in lines
    assert "What to do: vendor/modelserve/docs/runbooks/prediction-drift.md" in lines
    assert lines[-1].endswith("violations; report/report.html")


def test_few_rows_are_not_taken_for_no_violations(
    command: Command, trained: Artifact, family: Family
) -> None:
    capture_one_request(trained.manifest, rows=9)
    config = family.root / "config" / "monitoring.toml"
    done = command("monitor", "captures", "--model", trained.folder, "--config", config)
    assert done.code == 0
    assert "9 rows, too few to compare; report/report.html" in done.out
    page = Path("report/report.html").read_text(encoding="utf-8")
    assert "<title>too few rows: " in page


def test_what_is_missing_in_the_comparison_is_said(
    command: Command, trained: Artifact, family: Family
) -> None:
    capture_one_request(trained.manifest)
    with Path("captures/one.jsonl").open("a") as stream:
        stream.write("\n{broken\n")
    config = family.root / "config" / "monitoring.toml"

    done = command("monitor", "captures", "--model", trained.folder, "--config", config)

    (warning,) = [line for line in done.out.splitlines() if line.startswith("warning: ")]
    assert warning.startswith("warning: 1 line of the captures could not be read, and are not in")
    assert "one.jsonl, line 2 is not JSON" in warning


def test_ground_truth_that_is_missing_is_warned_of_and_drift_is_monitored(
    command: Command, trained: Artifact, family: Family
) -> None:
    capture_one_request(trained.manifest)
    config = family.root / "config" / "monitoring.toml"
    words = ["monitor", "captures", "--model", trained.folder, "--config", config]

    without, missing = command(*words), command(*words, "--ground-truth", "truths")

    warning, *lines = missing.out.splitlines()
    assert warning.startswith("warning: --ground-truth truths does not exist: no feedback was ")
    assert "or leave out --ground-truth" in warning
    assert (missing.code, lines) == (without.code, without.out.splitlines())
    shards = [*words, "--ground-truth", "truths", "--until", "2026-11-22", "--shards", "shards"]
    assert command(*shards).code == 0
    Path("truths").mkdir()
    again = command(*shards, "--shard-index", 0)
    assert (again.code, again.out.splitlines()[-1]) == (
        0,
        "shard 0 was counted before; complete: 1 of 1",
    )


def test_a_rule_file_out_of_date_is_renewed_by_the_command_that_is_named(
    command: Command, family: Family
) -> None:
    """The whole command, with the project's before it."""
    words = ("thresholds", "--config", family.root / "config" / "monitoring.toml")
    done = command(*words, "--check", "--output", "rules.yaml")
    assert done.code == 2
    name = family.package.replace("_", "-")
    named = " ".join(map(str, (name, *words, "--output", "rules.yaml")))
    assert f"run `{named}`" in one_line(done.err)
    assert command(*words, "--output", "rules.yaml").code == 0
    assert command(*words, "--check", "--output", "rules.yaml").code == 0
