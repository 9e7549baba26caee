"""A candidate replaces the served model only after its decision is recorded."""

import errno
import os
import shutil
from math import nan
from pathlib import Path
from typing import Any

import pytest
from modelserve import artifact
from modelserve.artifact import Artifact
from modelserve.errors import ArtifactError, ConfigurationError, GateError, RecordError
from modelserve.promotion import promote as steps
from modelserve.promotion.chain import decode, to_json
from modelserve.promotion.comparison import MetricDifference
from modelserve.promotion.promote import SCHEMA_WAY_OUT, WAY_OUT, promote, recover
from modelserve.promotion.record import RecordAppender, read_record
from modelserve.promotion.switch import complete, manifest_hash, places_of
from modelserve.promotion.verify import is_unpromoted, verify
from modelserve.signature import SIGNATURE

from tests.engine.families import LIBRARY
from tests.engine.promotion.conftest import Ask, Variant, comparison, metric


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file in a folder by its name."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def decisions(folder: Path) -> list[str]:
    """Return the decisions in the record of a folder, whose chain is intact."""
    lines, fault = read_record(folder / "promotions.jsonl")
    assert fault == ""
    return [line.content["decision"] for line in lines]


def compare_well(*_: Artifact) -> Any:
    """Return a comparison that speaks for the candidate."""
    return comparison()


def compare_badly(*_: Artifact) -> Any:
    """Return a comparison that speaks against it."""
    return comparison(metric("accuracy", "worse"), metric("mcc", "as good"))


def test_the_first_model_is_promoted(variant: Variant, ask: Ask, tmp_path: Path) -> None:
    candidate, target = variant("candidate"), tmp_path / "served" / "model"

    promoted, previous, _ = promote(ask(candidate, target), compare_badly)

    assert previous is None
    assert promoted.folder == target
    assert contents(target) == contents(candidate)
    assert list(target.parent.iterdir()) == [target]
    assert decisions(tmp_path) == ["approved", "promoted"]


def test_the_previous_model_is_kept_beside_the_new_one(
    variant: Variant, ask: Ask, tmp_path: Path
) -> None:
    candidate, target = variant("candidate", version="2"), variant("model", version="1")

    promoted, previous, _ = promote(ask(candidate), compare_well)

    assert previous == tmp_path / "model.previous"
    assert promoted.manifest.version == "2"
    assert [artifact.load(folder).manifest.version for folder in (target, previous)] == ["2", "1"]
    names = {"candidate", "model", "model.previous", "promotions.jsonl"}
    assert {path.name for path in tmp_path.iterdir()} == names


def test_a_model_that_is_served_already_is_no_previous_one(
    variant: Variant, ask: Ask, tmp_path: Path
) -> None:
    variant("model", version="1")
    promote(ask(variant("candidate", version="2")), compare_well)

    promoted, previous, signed = promote(ask(tmp_path / "candidate"), compare_well)

    assert (promoted.manifest.version, previous, signed) == ("2", None, False)
    assert artifact.load(tmp_path / "model.previous").manifest.version == "1"
    assert decisions(tmp_path) == ["approved", "promoted", "approved", "restored"]
    with pytest.raises(GateError):  # it is judged as any other
        promote(ask(tmp_path / "candidate"), compare_badly)


@pytest.mark.parametrize("before", [None, b"of another key"], ids=["unsigned", "other-key"])
def test_a_served_model_gets_the_new_signature_of_its_candidate(
    variant: Variant, ask: Ask, tmp_path: Path, before: bytes | None
) -> None:
    target, candidate = variant("model", version="1"), variant("candidate", version="2")
    if before:
        (candidate / SIGNATURE).write_bytes(before)
    promote(ask(candidate), compare_well)
    (candidate / SIGNATURE).write_bytes(b"new")
    names = {path.name for path in tmp_path.iterdir()}

    assert promote(ask(candidate), compare_well)[1:] == (None, True)

    assert contents(target) == contents(candidate)
    assert artifact.load(tmp_path / "model.previous").manifest.version == "1"
    assert {path.name for path in tmp_path.iterdir()} == names
    assert promote(ask(candidate), compare_well)[1:] == (None, False)
    (candidate / SIGNATURE).unlink()
    assert promote(ask(candidate), compare_well)[1:] == (None, False)
    assert (target / SIGNATURE).read_bytes() == b"new"


def test_a_signature_of_a_candidate_that_changes_meanwhile_is_not_copied(
    variant: Variant, ask: Ask, tmp_path: Path
) -> None:
    candidate, target = variant("candidate", version="1"), variant("model", version="1")
    (candidate / SIGNATURE).write_bytes(b"new")
    other = variant("other", version="2")

    def compare(*_: Artifact) -> Any:
        shutil.copyfile(other / artifact.MANIFEST, candidate / artifact.MANIFEST)
        return comparison()

    with pytest.raises(ArtifactError, match="changed meanwhile"):
        promote(ask(candidate), compare)
    assert not (target / SIGNATURE).exists()
    assert decisions(tmp_path) == ["approved", "failed"]


def test_a_signature_that_cannot_be_copied_leaves_the_served_one(
    variant: Variant, ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    candidate, target = variant("candidate"), variant("model")
    (candidate / SIGNATURE).write_bytes(b"new")
    (target / SIGNATURE).write_bytes(b"old")

    def fail(*_: object) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(ArtifactError, match="cross-device"):
        promote(ask(candidate), compare_well)
    monkeypatch.undo()
    assert (target / SIGNATURE).read_bytes() == b"old"
    names = {"candidate", "model", "promotions.jsonl"}
    assert {path.name for path in tmp_path.iterdir()} == names


def test_a_broken_served_model_is_not_kept_and_the_way_out_is_named(
    variant: Variant, ask: Ask, tmp_path: Path
) -> None:
    candidate, target = variant("candidate", version="2"), variant("model", version="1")
    (target / artifact.MODEL).write_bytes(b"torn")
    with pytest.raises(ArtifactError, match=r"mv (\S+) \1\.broken$"):
        promote(ask(candidate), None)
    target.rename(tmp_path / "model.broken")
    assert promote(ask(candidate), None).artifact.manifest.version == "2"


@pytest.mark.parametrize("name", ["model.previous", "model.broken"])
def test_models_that_a_promotion_moves_away_are_not_committed(name: str) -> None:
    ignored = (LIBRARY.parents[1] / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert f"/{name}/" in ignored


def test_the_record_holds_who_why_what_and_the_evidence(
    variant: Variant, ask: Ask, tmp_path: Path
) -> None:
    hashes = [manifest_hash(variant(name, version=name)) for name in ("candidate", "model")]
    promote(ask(tmp_path / "candidate", reason="newer\nrows\x1b[2J"), compare_well)

    approved, promoted = read_record(tmp_path / "promotions.jsonl")[0]
    content = approved.content
    assert (content["by"], content["reason"]) == ("a person", "newer rows\ufffd[2J")
    assert (content["target"], content["decision"]) == ("model", "approved")
    assert [content[role] for role in ("candidate", "champion")] == [
        {"version": name, "manifest_sha256": each}
        for name, each in zip(("candidate", "model"), hashes, strict=True)
    ]
    evidence = content["evidence"]
    assert evidence["rows"] == {"source": "newer.csv", "sha256": "0123", "count": 100}
    assert evidence["metrics"]["accuracy"]["interval"] == [-0.2, -0.05]
    assert content["time"].endswith("Z")
    assert (promoted.content["decision"], promoted.content["reasons"]) == ("promoted", [])


def test_a_refusal_lists_all_figures_and_is_recorded(
    variant: Variant, ask: Ask, tmp_path: Path
) -> None:
    candidate, target = variant("candidate", version="2"), variant("model", version="1")
    before = contents(target)

    with pytest.raises(GateError, match=r"^Not promoted: accuracy is 0.8, the served") as caught:
        promote(ask(candidate), compare_badly)

    figures = "is 0.8, the served model's 0.9 (-0.1, 95 % interval -0.2 to -0.05)"
    refusal = f"Not promoted: accuracy {figures}. Compared as well: mcc {figures}. {WAY_OUT}"
    assert str(caught.value) == refusal
    assert "--tolerance" in WAY_OUT
    assert contents(target) == before
    assert decisions(tmp_path) == ["refused"]


@pytest.mark.parametrize(
    "compared",
    [
        pytest.param(metric("mcc", "worse", candidate=nan, difference=nan), id="undefined"),
        pytest.param(metric("mcc", "undefined"), id="nothing-compared"),
    ],
)
def test_a_refusal_that_no_tolerance_lifts_does_not_name_it(
    variant: Variant, ask: Ask, compared: MetricDifference
) -> None:
    candidate, _ = variant("candidate", version="2"), variant("model", version="1")
    with pytest.raises(GateError) as caught:
        promote(ask(candidate), lambda *_: comparison(compared))
    assert "--tolerance" not in str(caught.value)


def test_promoting_the_previous_model_restores_it(
    variant: Variant, ask: Ask, tmp_path: Path
) -> None:
    variant("model", version="1")
    _, previous, _ = promote(ask(variant("candidate", version="2")), compare_well)
    assert previous is not None

    restored, beside, _ = promote(ask(previous), None)

    assert restored.manifest.version == "1"
    assert beside == previous
    assert artifact.load(previous).manifest.version == "2"
    assert decisions(tmp_path) == ["approved", "promoted", "approved", "restored"]
    assert verify(tmp_path / "promotions.jsonl", tmp_path / "model")[1] == ""


def test_a_model_that_was_served_before_is_restored_from_anywhere(
    variant: Variant, ask: Ask, tmp_path: Path
) -> None:
    for version in ("1", "2"):
        promote(ask(variant(version, version=version)), compare_well)
    promote(ask(tmp_path / "1"), None)
    assert decisions(tmp_path)[-1] == "restored"


def test_each_target_has_a_history_of_its_own(variant: Variant, ask: Ask, tmp_path: Path) -> None:
    one, two = variant("1", version="1"), variant("2", version="2")
    promote(ask(one), None)
    promote(ask(one, tmp_path / "canary"), None)
    promote(ask(two), None)
    assert decisions(tmp_path) == ["approved", "promoted"] * 3
    for target in ("model", "canary"):
        assert verify(tmp_path / "promotions.jsonl", tmp_path / target)[1] == ""


def test_the_hash_of_a_line_covers_every_field(variant: Variant, ask: Ask, tmp_path: Path) -> None:
    promote(ask(variant("candidate")), compare_well)
    content = read_record(tmp_path / "promotions.jsonl")[0][0].content
    for name in content:
        assert "was changed" in decode(to_json({**content, name: "other"}) + b"\n")[1]


def test_a_rehearsal_changes_nothing(variant: Variant, ask: Ask, tmp_path: Path) -> None:
    candidate, target = variant("candidate", version="2"), variant("model", version="1")
    seen: list[object] = []
    promote(ask(candidate, rehearsal=True), compare_well, lambda *given: seen.append(given))
    with pytest.raises(GateError):
        promote(ask(candidate, rehearsal=True), compare_badly)
    assert seen == [(comparison(), [])]
    assert artifact.load(target).manifest.version == "1"
    assert {path.name for path in tmp_path.iterdir()} == {"candidate", "model"}


def test_a_model_with_another_schema_is_rejected_with_all_reasons(
    variant: Variant, trained: Artifact, ask: Ask, tmp_path: Path
) -> None:
    fields = [each.model_dump() | {"name": f"x_{each.name}"} for each in trained.manifest.features]
    candidate = variant(
        "candidate", features=fields, task="classifier", labels=["other"], fallback=[1.0]
    )
    variant("model")

    def compare(*_: Artifact) -> Any:
        pytest.fail("models of different schemas were compared")

    with pytest.raises(GateError, match=r"its features differ.*; its labels differ") as caught:
        promote(ask(candidate), compare)
    assert str(caught.value).endswith(f"its labels differ. {SCHEMA_WAY_OUT}")
    assert decisions(tmp_path) == ["refused"]


def test_the_order_of_the_features_is_a_part_of_the_schema(
    variant: Variant, trained: Artifact, ask: Ask
) -> None:
    fields = [each.model_dump() for each in trained.manifest.features]
    variant("model")
    with pytest.raises(GateError, match=r"its features differ"):
        promote(ask(variant("candidate", features=fields[::-1])), None)


def test_a_candidate_that_requires_more_is_rejected_unless_it_is_a_rollback(
    variant: Variant, trained: Artifact, ask: Ask
) -> None:
    fields = [each.model_dump() for each in trained.manifest.features]
    variant("model", features=[{**each, "nullable": True} for each in fields])
    candidate = variant("candidate", version="2")
    with pytest.raises(GateError, match=r"'.+' and \d+ more may not be missing any more\. Clients"):
        promote(ask(candidate), compare_well)
    assert promote(ask(candidate), None).artifact.manifest.version == "2"


def test_the_type_of_a_feature_is_a_part_of_the_schema(
    variant: Variant, trained: Artifact, ask: Ask
) -> None:
    first, *others = (each.model_dump() for each in trained.manifest.features)
    variant("model", features=[first | {"dtype": "integer", "example": 1}, *others])
    with pytest.raises(GateError, match=r"number instead of .*integer"):
        promote(ask(variant("candidate")), None)


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        pytest.param(artifact.MODEL, "SHA-256 differs", id="changed"),
        pytest.param(artifact.MANIFEST, "There is no model", id="missing"),
    ],
)
def test_a_changed_candidate_is_rejected(
    variant: Variant, ask: Ask, tmp_path: Path, name: str, complaint: str
) -> None:
    candidate, target = variant("candidate", version="2"), variant("model", version="1")
    path = candidate / name
    if name == artifact.MANIFEST:
        path.unlink()
    else:
        path.write_bytes(path.read_bytes() + b"\0")

    with pytest.raises(ArtifactError, match=complaint):
        promote(ask(candidate), compare_well)

    assert artifact.load(target).manifest.version == "1"
    assert not (tmp_path / "promotions.jsonl").exists()


def test_a_link_to_the_served_model_stays_and_its_folder_is_replaced(
    variant: Variant, ask: Ask, tmp_path: Path
) -> None:
    candidate, link = variant("candidate", version="2"), tmp_path / "model"
    link.symlink_to(variant("released", version="1"))

    _, previous, _ = promote(ask(candidate), compare_well)

    assert link.is_symlink()
    assert artifact.load(link).manifest.version == "2"
    assert previous == tmp_path / "released.previous"
    assert verify(tmp_path / "promotions.jsonl", link)[1] == ""


def test_the_current_folder_can_be_the_target(
    variant: Variant, ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    candidate, target = variant("candidate", version="2"), variant("model", version="1")
    monkeypatch.chdir(target)
    promote(ask(candidate, Path()), compare_well)
    assert artifact.load(target).manifest.version == "2"
    assert artifact.load(tmp_path / "model.previous").manifest.version == "1"


@pytest.mark.parametrize("folder", ["candidate", "model"])
def test_a_folder_that_changes_after_the_comparison_is_noticed(
    variant: Variant, ask: Ask, tmp_path: Path, folder: str
) -> None:
    candidate, _ = variant("candidate", version="2"), variant("model", version="1")
    other = variant("other", version="3")

    def compare(*_: Artifact) -> Any:
        shutil.copyfile(other / artifact.MANIFEST, tmp_path / folder / artifact.MANIFEST)
        return comparison()

    with pytest.raises(ArtifactError, match="changed meanwhile; run `promote` again"):
        promote(ask(candidate), compare)
    assert decisions(tmp_path) == []


def test_a_file_that_changes_after_the_comparison_is_noticed(
    variant: Variant, ask: Ask, tmp_path: Path
) -> None:
    candidate, target = variant("candidate", version="2"), variant("model", version="1")

    def compare(*_: Artifact) -> Any:
        (candidate / artifact.MODEL).write_bytes(b"")
        return comparison()

    with pytest.raises(ArtifactError, match="does not match its manifest"):
        promote(ask(candidate), compare)
    assert decisions(tmp_path) == []
    assert artifact.load(target).manifest.version == "1"


def test_leftovers_of_a_broken_promotion_are_removed(
    variant: Variant, ask: Ask, tmp_path: Path
) -> None:
    left = tmp_path / ".model.new"
    left.mkdir()
    (left / artifact.MODEL).write_bytes(b"half")
    variant("model")

    promoted, *_ = promote(ask(variant("candidate", version="2")), compare_well)

    assert promoted.manifest.version == "2"
    assert not left.exists()


def test_a_folder_without_an_artifact_is_not_replaced(
    variant: Variant, ask: Ask, tmp_path: Path
) -> None:
    target = tmp_path / "papers"
    target.mkdir()
    (target / "notes.txt").write_text("mine", encoding="utf-8")

    with pytest.raises(ArtifactError, match="choose another folder"):
        promote(ask(variant("candidate"), target), compare_well)

    assert contents(target) == {"notes.txt": b"mine"}


def test_a_target_that_cannot_be_written_is_named(
    variant: Variant, ask: Ask, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ArtifactError, match=r"cannot be copied to .*model: "):
        promote(ask(variant("candidate"), tmp_path / "file" / "model"), compare_well)
    assert decisions(tmp_path) == []


def test_what_cannot_be_recorded_is_not_promoted(
    variant: Variant, ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    candidate, target = variant("candidate", version="2"), variant("model", version="1")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RecordError, match="No space left"):
        promote(ask(candidate), compare_well)
    monkeypatch.undo()
    assert artifact.load(target).manifest.version == "1"
    assert decisions(tmp_path) == []


def test_a_broken_record_stops_a_promotion_before_its_comparison(
    variant: Variant, ask: Ask, tmp_path: Path
) -> None:
    candidate, target = variant("candidate", version="2"), variant("model", version="1")
    (tmp_path / "promotions.jsonl").write_bytes(b'{"number":1')

    def compare(*_: Artifact) -> Any:
        raise AssertionError

    with pytest.raises(RecordError, match="line 1 is incomplete"):
        promote(ask(candidate), compare)
    assert artifact.load(target).manifest.version == "1"


def test_a_switch_that_fails_is_recorded_as_that(
    variant: Variant, ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    candidate, target = variant("candidate", version="2"), variant("model", version="1")

    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(artifact, "replace", fail)
    with pytest.raises(ArtifactError, match="Permission denied"):
        promote(ask(candidate), compare_well)
    monkeypatch.undo()
    assert artifact.load(target).manifest.version == "1"
    assert decisions(tmp_path) == ["approved", "failed"]
    promote(ask(candidate), compare_well)
    assert decisions(tmp_path)[-2:] == ["approved", "promoted"]


@pytest.mark.parametrize("linked", [False, True])
def test_a_switch_whose_end_cannot_be_recorded_is_recorded_later(
    variant: Variant, ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, linked: bool
) -> None:
    candidate, target = variant("candidate", version="2"), variant("model", version="1")
    record = tmp_path / "promotions.jsonl"
    if linked:
        (tmp_path / "records").mkdir()
        record.symlink_to(tmp_path / "records" / record.name)
    append = RecordAppender.append

    def fail_second(self: RecordAppender, content: Any) -> Any:
        if content["decision"] == "promoted":
            raise RecordError("The record cannot be written: full.")
        return append(self, content)

    monkeypatch.setattr(RecordAppender, "append", fail_second)
    with pytest.raises(RecordError, match=r"full\. .*model holds the candidate.*--recover"):
        promote(ask(candidate), compare_well)
    monkeypatch.undo()
    promote(ask(candidate, rehearsal=True), compare_well)
    assert verify(record, target)[1].endswith("`promotions --recover` brings it to its end")
    assert recover(record) == "promoted"
    assert recover(record) is None
    assert verify(record, target)[1] == ""


@pytest.mark.parametrize("staged", ["whole", "broken", "another"])
def test_between_both_moves_only_the_whole_candidate_comes_into_place(
    variant: Variant, tmp_path: Path, staged: str
) -> None:
    """After a power cut, files that were copied may be empty."""
    places = places_of(tmp_path / "model")
    candidate = manifest_hash(variant("candidate", version="2"))
    variant(places.staged.name, version="3" if staged == "another" else "2")
    champion = manifest_hash(variant(places.previous.name, version="1"))
    if staged == "broken":
        (places.staged / artifact.MODEL).write_bytes(b"")

    assert complete(places, str(candidate), champion) is (staged == "whole")

    assert manifest_hash(places.target) == (candidate if staged == "whole" else champion)


def test_an_unknown_previous_model_does_not_come_back(variant: Variant, tmp_path: Path) -> None:
    places = places_of(tmp_path / "model")
    variant(places.previous.name)
    assert not complete(places, "1" * 64, "2" * 64)
    assert not places.target.exists()


def test_a_text_that_is_too_long_is_rejected(ask: Ask, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="--reason has 1001 characters; write 1000"):
        ask(tmp_path, reason="x" * (steps.LONGEST + 1))


@pytest.mark.parametrize(
    ("tamper", "fault"),
    [
        pytest.param("nothing", "", id="intact"),
        pytest.param("another", "holds another model than line 4 promoted", id="another-model"),
        pytest.param("file", "does not match its manifest", id="changed-file"),
        pytest.param("gone", "holds no model, and line 4 promoted one", id="no-model"),
        pytest.param("cut", "holds another model than line 2 promoted", id="last-lines-removed"),
        pytest.param("empty", "holds a model that no line of", id="all-lines-removed"),
        pytest.param("half", "line 3 approves a promotion whose end", id="last-line-removed"),
    ],
)
def test_verification_compares_the_record_with_the_served_model(
    variant: Variant, ask: Ask, tmp_path: Path, tamper: str, fault: str
) -> None:
    for version in ("1", "2"):
        promote(ask(variant(version, version=version)), compare_well)
    record, target = tmp_path / "promotions.jsonl", tmp_path / "model"
    lines = record.read_bytes().splitlines(keepends=True)
    if tamper in ("another", "gone"):
        shutil.rmtree(target)
    if tamper == "another":
        variant("model", version="3")
    if tamper == "file":
        (target / artifact.MODEL).write_bytes(b"")
    kept = {"cut": 2, "empty": 0, "half": 3}.get(tamper, 4)
    record.write_bytes(b"".join(lines[:kept]))

    read, actual = verify(record, target)

    assert len(read) == kept
    assert fault in actual
    assert bool(actual) == bool(fault)


def test_a_record_of_refusals_alone_says_nothing_against_the_served_model(
    variant: Variant, ask: Ask, tmp_path: Path
) -> None:
    record, target = tmp_path / "promotions.jsonl", variant("model", version="1")
    with pytest.raises(GateError):
        promote(ask(variant("worse", version="2")), compare_badly)
    lines, fault = verify(record, target)
    assert (len(lines), fault) == (1, "")
    assert is_unpromoted(lines, record, target)
    promote(ask(variant("better", version="3")), compare_well)
    assert not is_unpromoted(verify(record, target)[0], record, target)


def test_what_a_killed_promotion_left_is_removed(
    variant: Variant, ask: Ask, tmp_path: Path
) -> None:
    record, target = tmp_path / "promotions.jsonl", tmp_path / "model"
    promote(ask(variant("candidate")), compare_well)
    variant(places_of(target).staged.name, version="2")
    assert recover(record, target) is None
    assert not places_of(target).staged.exists()


def test_a_known_head_must_still_be_there(variant: Variant, ask: Ask, tmp_path: Path) -> None:
    promote(ask(variant("candidate")), compare_well)
    record, target = tmp_path / "promotions.jsonl", tmp_path / "model"
    head = read_record(record)[0][-1].sha256
    with pytest.raises(GateError):
        promote(ask(variant("worse", version="2")), compare_badly)
    assert verify(record, target, head)[1] == ""
    assert "no line has the SHA-256 ffffffffffff…" in verify(record, target, "f" * 64)[1]
