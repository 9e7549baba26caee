"""`promote` compares on the same rows and records decisions; `promotions` reads the record."""

import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from modelserve import artifact
from modelserve.artifact import Artifact
from modelserve.errors import GateError
from modelserve.promotion.comparison import Criteria
from modelserve.promotion.presentation import figure
from modelserve.promotion.record import read_record
from modelserve.signature import SIGNATURE
from modelserve.training.train import train

from tests.engine.commands.run import Command, Done, one_line
from tests.engine.families import Family

FAMILIES = ("iris", "diabetes")
WEAKER: dict[str, dict[str, Any]] = {
    "iris": {"C": 0.001},
    "diabetes": {"n_estimators": 1, "min_samples_leaf": 100},
}
RECORD = Path("promotions.jsonl")


def copy(trained: Artifact, folder: str, **changes: object) -> Path:
    """Copy an artifact, with changes to its manifest."""
    shutil.copytree(trained.folder, folder)
    path = Path(folder, artifact.MANIFEST)
    content = json.loads(path.read_text(encoding="utf-8")) | changes
    path.write_text(json.dumps(content), encoding="utf-8")
    return Path(folder)


@pytest.fixture(scope="module")
def weaker(family: Family, tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    """Return the artifact of a weaker model."""
    model = family.config.model.model_copy(update=WEAKER[family.name])
    gate = family.config.gate.model_copy(update={"minimum": {}, "maximum": {}})
    config = family.config.model_copy(update={"model": model, "gate": gate})
    return train(family.project, config, tmp_path_factory.mktemp("weaker") / "model").artifact


@pytest.fixture
def promote(command: Command, training_toml: Path) -> Command:
    """Return `promote` with the project's configuration."""

    def run(*words: object) -> Done:
        return command("promote", "--config", training_toml, *words)

    return run


def decisions() -> list[str]:
    """Return the decisions in the record."""
    return [str(line.content["decision"]) for line in read_record(RECORD)[0]]


def test_a_first_promotion_and_a_restore_need_no_data(command: Command, trained: Artifact) -> None:
    """There is no configuration in this folder."""
    first = command("promote", copy(trained, "first", version="1"))
    assert (first.code, one_line(first.out)) == (0, "model now holds 1")
    second = command("promote", copy(trained, "second", version="2"), "--tolerance", "inf")
    assert second.out.startswith("model now holds 2\nmodel.previous holds the previous one;")

    way_back = second.out.split("`")[1].split()
    assert way_back == ["promote", "model.previous", "--tolerance", "inf"]
    assert command(*way_back).out.startswith("model now holds 1\n")
    assert decisions() == ["approved", "promoted"] * 2 + ["approved", "restored"]
    assert read_record(RECORD)[0][2].content["evidence"] is None


def test_a_new_signature_of_the_served_model_is_reported(
    command: Command, trained: Artifact
) -> None:
    candidate = copy(trained, "candidate", version="1")
    command("promote", candidate)
    (candidate / SIGNATURE).write_bytes(b"new")
    done = command("promote", candidate, "--tolerance", "inf")
    expected = "model holds 1 already, now with the signature of candidate"
    assert (done.code, one_line(done.out)) == (0, expected)
    assert Path("model", SIGNATURE).read_bytes() == b"new"
    assert not Path("model.previous").exists()


def test_without_data_nothing_is_compared_and_the_way_out_is_named(
    command: Command, trained: Artifact
) -> None:
    command("promote", copy(trained, "first", version="1"))
    done = command("promote", copy(trained, "second", version="2"))
    assert done.code == 2
    assert "training.toml cannot be read" in one_line(done.err)
    assert "--tolerance inf decides without, and the record says so" in done.err
    assert artifact.load(Path("model")).manifest.version == "1"


def test_without_training_libraries_nothing_is_compared_either(
    command: Command, trained: Artifact, monkeypatch: pytest.MonkeyPatch
) -> None:
    command("promote", copy(trained, "first", version="1"))
    monkeypatch.setitem(sys.modules, "modelserve.promotion.compare", None)
    done = command("promote", copy(trained, "second", version="2"))
    assert done.code == 1
    assert "is not installed; this command needs requirements/training.txt" in one_line(done.err)
    assert "--tolerance inf" in done.err
    assert command("promote", "second", "--tolerance", "inf").code == 0


def test_a_table_shows_both_models_and_a_worse_one_is_refused(
    promote: Command, trained: Artifact, weaker: Artifact
) -> None:
    copy(trained, "model")
    done = promote(weaker.folder, "--reason", "try")
    assert done.code == 1
    assert one_line(done.err).startswith("error: Not promoted: ")
    name, value = next(iter(trained.manifest.metrics.items()))
    row = next(each for each in done.rows if each.split()[:1] == [name])
    assert f"{figure(value)} {figure(weaker.manifest.metrics[name])}" in row
    assert any(each.endswith("worse") for each in done.rows)
    assert "Latency of 1 row" in done.out
    assert artifact.load(Path("model")).manifest.version == trained.manifest.version
    (line,) = read_record(RECORD)[0]
    assert (line.content["decision"], line.content["reason"]) == ("refused", "try")
    assert name in line.content["evidence"]["metrics"]


def test_a_better_one_is_promoted_on_a_hold_out(
    promote: Command, trained: Artifact, weaker: Artifact, family: Family
) -> None:
    copy(weaker, "model")
    holdout = family.config.data.path
    done = promote(
        *(trained.folder, "--holdout", holdout, "--require", "better"),
        *("--json", "comparison.json", "--by", "a person"),
    )
    assert done.code == 0, done.err
    assert "warning: the served model was trained on this very file." in done.out
    report = json.loads(Path("comparison.json").read_text(encoding="utf-8"))
    assert report["reasons"] == []
    assert report["champion"] == weaker.manifest.version
    assert report["comparison"]["rows_sha256"] == artifact.sha256(Path(str(holdout)))
    assert {each["verdict"] for each in report["comparison"]["metrics"]} >= {"better"}
    assert decisions() == ["approved", "promoted"]


def test_a_rehearsal_writes_the_comparison_only(
    promote: Command, trained: Artifact, weaker: Artifact
) -> None:
    copy(trained, "model")
    words = ("--rehearse", "--json", "comparison.json")
    assert promote(weaker.folder, *words).code == 1
    assert json.loads(Path("comparison.json").read_text(encoding="utf-8"))["reasons"]
    done = promote(trained.folder, *words)
    assert done.code == 0
    assert done.out.endswith("may replace model; nothing was promoted\n")
    assert not RECORD.exists()
    assert not Path("model.previous").exists()


@pytest.mark.parametrize(
    "words", [["--holdout", "newer.csv"], ["--require", "better"]], ids=["hold-out", "better"]
)
def test_an_infinite_tolerance_compares_nothing(command: Command, words: list[str]) -> None:
    done = command("promote", "candidate", "--tolerance", "inf", *words)
    assert done.code == 2
    assert one_line(done.err).startswith("error: --tolerance inf compares nothing")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param([], (Criteria(0.0, "not-worse", 2.0), None), id="default"),
        pytest.param(
            [
                *("--tolerance", "0.1", "--require", "better"),
                *("--max-latency-ratio", "3", "--holdout", "newer.csv"),
            ],
            (Criteria(0.1, "better", 3.0), Path("newer.csv")),
            id="options",
        ),
    ],
)
def test_the_limits_are_those_of_the_options(
    promote: Command,
    trained: Artifact,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    expected: tuple[Criteria, Path | None],
) -> None:
    asked: list[tuple[Criteria, Path | None]] = []

    def stop(*given: Any, holdout: Path | None) -> None:
        asked.append((given[-1], holdout))
        raise GateError("stopped")

    monkeypatch.setattr("modelserve.promotion.compare.compare", stop)
    copy(trained, "model", version="1")
    assert promote(trained.folder, *words).code == 1
    assert asked == [expected]


def test_a_comparison_that_cannot_be_written_stops_the_promotion(
    promote: Command, trained: Artifact
) -> None:
    copy(trained, "model", version="1")
    done = promote(trained.folder, "--json", "none/comparison.json")
    assert done.code == 2
    assert "The comparison cannot be written to none/comparison.json" in done.err
    assert artifact.load(Path("model")).manifest.version == "1"
    assert decisions() == []


def test_a_model_with_other_labels_is_refused(command: Command, trained: Artifact) -> None:
    command("promote", copy(trained, "first"))
    changes = {"task": "classifier", "labels": ["other"], "fallback": [1.0]}
    done = command("promote", copy(trained, "second", **changes), "--json", "comparison.json")
    assert done.code == 1
    assert re.match("error: Not promoted: .*its labels differ", one_line(done.err))
    report = json.loads(Path("comparison.json").read_text(encoding="utf-8"))
    assert report["comparison"] is None
    assert report["reasons"][-1].startswith("its labels differ")


def test_promotions_lists_what_was_decided(command: Command, trained: Artifact) -> None:
    by = ("--by", "A [b]\x1b[31m")
    command("promote", copy(trained, "first", version="1"), *by, "--reason", "begin")
    changes = {"task": "classifier", "labels": ["other"], "fallback": [1.0]}
    command("promote", copy(trained, "second", version="2", **changes), "--reason", "go on")
    done = command("promotions")
    assert done.code == 0
    assert "\x1b" not in done.out
    shown = " ".join(" ".join(done.out.replace("│", " ").split()).split())
    assert re.search(r" 2 \d{4}-\S+ .*A \[b\]\S* .*promoted 1 ", shown), shown
    assert re.search(r" 3 .* refused 2 1 ", shown), shown
    *_, begin, refusal = done.out.splitlines()  # whole, below the table
    assert begin == "2: begin"
    assert re.match("3: go on / .*its labels differ", refusal)
    assert "approved" not in shown


def test_promotions_verifies_the_record_and_a_known_head(
    command: Command, trained: Artifact
) -> None:
    command("promote", copy(trained, "first", version="1"))
    head = read_record(RECORD)[0][-1].sha256
    intact = command("promotions", "--verify")
    expected = f"promotions.jsonl is intact: 2 lines, the last of them {head}"
    assert (intact.code, one_line(intact.out)) == (0, expected)
    assert command("promotions", "--head", head).code == 0
    missing = command("promotions", "--head", "0" * 64)
    assert missing.code == 1
    assert "no line has the SHA-256 000000000000…" in one_line(missing.err)

    lines = RECORD.read_bytes()
    RECORD.write_bytes(lines.replace(b'"decision":"promoted"', b'"decision":"restored"'))
    for words in (["--verify"], []):
        broken = command("promotions", *words)
        assert broken.code == 1
        assert "line 2 was changed" in one_line(broken.err)
    RECORD.write_bytes(lines)
    shutil.rmtree("model")
    assert command("promotions", "--verify").code == 1


def test_promotions_recovers_an_interrupted_one(command: Command, trained: Artifact) -> None:
    assert one_line(command("promotions", "--recover").out) == "No promotion was interrupted"
    command("promote", copy(trained, "first", version="1"))
    lines = RECORD.read_bytes().splitlines(keepends=True)
    RECORD.write_bytes(lines[0])
    done = command("promotions", "--recover")
    assert (done.code, one_line(done.out)) == (0, "The interrupted promotion: promoted")
    assert decisions() == ["approved", "promoted"]
