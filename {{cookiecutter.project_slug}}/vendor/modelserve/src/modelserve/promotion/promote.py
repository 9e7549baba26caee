"""Promote a candidate: compare, record the decision, switch the folders, record the switch."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any, NamedTuple

from .. import artifact, provenance
from ..artifact import Artifact
from ..errors import ArtifactError, ConfigurationError, GateError, RecordError
from ..schema_differences import newly_required, schema_differences
from . import decisions
from .authorship import clean, now, who
from .comparison import Comparison, MetricDifference, SliceDifference
from .record import RecordAppender, open_record
from .switch import (
    Places,
    complete,
    discard,
    manifest_hash,
    places_of,
    replace_signature,
    stage,
    switch,
)

LONGEST = 1_000  # characters of a reason, or of a name
WAY_OUT = (
    "`--tolerance` states by how much a metric may be worse, in its own unit, as in "
    "`--tolerance 0.01`; more labelled rows (`--holdout`) narrow the intervals."
)
SCHEMA_WAY_OUT = (
    "Clients of the served model would break: promote it into an empty folder (`--to`), and start "
    "a service of its own on it, which clients move to."
)

# Compares the served model with the candidate.
Compare = Callable[[Artifact, Artifact], Comparison]
# Is given the comparison, and the reasons against the candidate.
Report = Callable[[Comparison | None, Sequence[str]], None]


@dataclass(frozen=True)
class PromotionRequest:
    """What is to be promoted, to where, by whom and why; and the file that records it.

    A rehearsal compares, and neither records nor switches anything. With `public_key`, a PEM file,
    one of its keys must have signed the candidate.
    """

    candidate: Path
    target: Path
    record: Path
    by: str = ""
    reason: str = ""
    rehearsal: bool = False
    public_key: Path | None = None

    def __post_init__(self) -> None:
        """Check the texts."""
        for name, text in (("--by", self.by), ("--reason", self.reason)):
            if len(text) > LONGEST:
                raise ConfigurationError(f"{name} has {len(text)} characters; write {LONGEST}.")


class Promotion(NamedTuple):
    """A candidate that may be served: its artifact, and where the one before it is kept.

    `signed` is whether a model that was served already got the candidate's signature.
    """

    artifact: Artifact
    previous: Path | None = None
    signed: bool = False


def promote(
    request: PromotionRequest, compare: Compare | None, report: Report = lambda *_: None
) -> Promotion:
    """Replace the served artifact with a candidate; the previous one is kept beside it.

    A candidate that is served already is recorded, and moves nothing: a promotion may be repeated.
    Only its signature is copied, if it has another one.
    The decision is on the disk before a folder is moved, and the end of the move after it. An
    interrupted promotion is brought to its end by the next one.

    Args:
        request: the folders, and the record.
        compare: compares both; None for a decision without a comparison, such as a restore.
        report: is given the comparison, if there is one, and the reasons against the candidate.

    Raises:
        ArtifactError: the candidate does not match its manifest or cannot be copied, or the
            target is not empty and is no artifact.
        GateError: the candidate has other inputs or labels, or fails the comparison.
        RecordError: the record is broken, or cannot be written.
    """
    places = places_of(request.target)
    if not request.rehearsal:
        recover(request.record)
    fresh = artifact.load(request.candidate, public_key=request.public_key)
    artifact.check_place(places.target)
    served = _load_served(places.target) if manifest_hash(places.target) else None
    facts = _facts(request, fresh, served)
    comparison, reasons = None, list[str]()
    if served:
        reasons = schema_differences(fresh.manifest, served.manifest)
        if compare and not reasons:  # a rollback may require what its successor does not
            reasons = newly_required(fresh.manifest, served.manifest)
        if compare and not reasons:
            comparison = compare(served, fresh)
            reasons = comparison.reasons
    report(comparison, reasons)
    facts |= {"evidence": decisions.describe_evidence(comparison), "reasons": reasons}
    signed = False
    if not request.rehearsal:
        with open_record(request.record) as record:
            signed = _decide(record, places, fresh, facts)
    if reasons:
        refused = f"Not promoted: {'; '.join(reasons)}."
        others = [] if comparison is None else comparison.figures_outside(refused)
        compared = f"Compared as well: {'; '.join(others)}." if others else ""
        way_out = WAY_OUT if comparison and _is_tolerable(comparison) else ""
        if comparison is None:
            way_out = SCHEMA_WAY_OUT
        raise GateError(" ".join(filter(None, (refused, compared, way_out))))
    if request.rehearsal:
        return Promotion(fresh)
    replaced = served and decisions.hash_in(facts, decisions.CHAMPION) != decisions.hash_in(
        facts, decisions.CANDIDATE
    )
    return Promotion(artifact.load(places.target), places.previous if replaced else None, signed)


def _load_served(folder: Path) -> Artifact:
    """Return the served artifact, which cannot be kept as the previous one if it is broken."""
    try:
        return artifact.load(folder)
    except ArtifactError as error:
        raise ArtifactError(
            f"{error} To promote another one in its place, move it away first: "
            f"mv {folder} {folder}.broken"
        ) from error


def _is_tolerable(comparison: Comparison) -> bool:
    """Return whether something is worse by an amount that a tolerance could allow."""
    compared: tuple[MetricDifference | SliceDifference, ...]
    compared = (*comparison.metrics, *comparison.slices)
    return any(each.verdict == "worse" and isfinite(each.difference) for each in compared)


def recover(path: Path, target: Path | None = None) -> str | None:
    """Bring an interrupted promotion to its end, and return how it ended; None without one.

    Args:
        path: of the record.
        target: the served model's folder, if what a killed promotion left beside it shall go.

    Raises:
        ArtifactError: a folder cannot be moved.
        RecordError: the record is broken, or cannot be written.
    """
    if not path.exists():
        return None
    with open_record(path) as record:
        line = decisions.pending(record.lines)
        if line is None:
            if target:
                discard(places_of(target))
            return None
        places = places_of(path.resolve().parent / str(line.content[decisions.TARGET]))
        candidate, champion = (
            decisions.hash_in(line.content, role)
            for role in (decisions.CANDIDATE, decisions.CHAMPION)
        )
        served = complete(places, str(candidate), champion)
        end = str(line.content[decisions.INTENT]) if served else decisions.FAILED
        _conclude(record, line.content, end, ["the process was interrupted"])
        discard(places)
    return end


def _facts(request: PromotionRequest, fresh: Artifact, served: Artifact | None) -> dict[str, Any]:
    """Return what is recorded of a decision, whatever it is."""
    folder = request.record.resolve().parent
    commit = provenance.git(folder, "rev-parse", "HEAD") if folder.is_dir() else None
    return {
        "by": who(request.by, folder),
        "reason": clean(request.reason),
        decisions.TARGET: decisions.relative(request.target, request.record),
        "model": fresh.manifest.name,
        decisions.CANDIDATE: decisions.describe_model(fresh),
        decisions.CHAMPION: decisions.describe_model(served),
        "commit": commit and commit.strip(),
    }


def _decide(
    record: RecordAppender, places: Places, fresh: Artifact, facts: Mapping[str, Any]
) -> bool:
    """Record a decision, and switch the folders if the candidate was approved.

    Return whether a model that was served already got another signature.
    """
    sha256, expected = (
        decisions.hash_in(facts, each) for each in (decisions.CANDIDATE, decisions.CHAMPION)
    )
    if manifest_hash(places.target) != expected:
        raise ArtifactError(f"{places.target} changed meanwhile; run `promote` again.")
    if facts["reasons"]:
        record.append({"time": now(), decisions.DECISION: decisions.REFUSED, **facts})
        return False
    moved = sha256 != expected  # else it is served: the previous one stays where it is
    if moved:
        stage(fresh, places, sha256)
    known = decisions.was_served(record.lines, facts[decisions.TARGET], sha256)
    restores = known or fresh.folder.resolve() == places.previous.resolve()
    intent = decisions.RESTORED if restores else decisions.PROMOTED
    approval = {decisions.DECISION: decisions.APPROVED, decisions.INTENT: intent, **facts}
    record.append({"time": now(), **approval})
    signed = False
    try:
        if moved:
            switch(places)
        else:
            signed = replace_signature(fresh, places)
    except ArtifactError as error:
        with suppress(RecordError):  # the next promotion finds out
            _conclude(record, approval, decisions.FAILED, [clean(str(error))[:LONGEST]])
        raise
    try:
        _conclude(record, approval, intent, [])
    except RecordError as error:
        raise RecordError(
            f"{error} {places.target} holds the candidate, whose approval is recorded; "
            "`promotions --recover` records that it is served."
        ) from error
    return signed


def _conclude(
    record: RecordAppender, approval: Mapping[str, Any], end: str, reasons: Sequence[str]
) -> None:
    """Record how an approved promotion ended."""
    names = ("by", decisions.TARGET, "model", decisions.CANDIDATE, decisions.CHAMPION)
    repeated = {name: approval[name] for name in names}
    record.append({"time": now(), decisions.DECISION: end, **repeated, "reasons": list(reasons)})
