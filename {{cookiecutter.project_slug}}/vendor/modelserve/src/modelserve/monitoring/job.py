"""The monitoring job: production's captures and truths beside training, judged and reported."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

from .. import artifact
from ..artifact import Artifact
from ..errors import MonitoringError
from ..service import Service
from . import baseline, exposition, processes, report_folder
from .config import Config
from .evidence import CollectedData, References
from .findings import MonitoringResult
from .ground_truth import load
from .ingest.captures import Reader
from .outcomes import make_truth_reader
from .partitions import TimeWindow, find
from .report import page


def run(
    captures: Path,
    *,
    ground_truth: Path | None,
    service: Service,
    config: Config,
    since: datetime | None,
    until: datetime | None,
    output: Path,
) -> MonitoringResult:
    """Compare what lies in a folder of captures with training, and write the report.

    Args:
        captures: laid out by the hour; those of other models and versions in it are passed over.
        ground_truth: laid out the same way, None where there is none.
        service: its artifact, and its `preprocess`.
        config: the bounds.
        since: the earliest inference to look at, in UTC if it names no zone; None for no bound.
        until: the end of the window, which is no part of it.
        output: the report's folder; an earlier report is replaced.

    Raises:
        MonitoringError: there is nothing to compare, a folder cannot be read, or the report cannot
            be written.
    """
    report_folder.check_place(output)
    found = service.artifact
    reference: References = found.read_json(artifact.REFERENCE)
    groups, span = config.fairness.groups, TimeWindow(since, until)
    with ThreadPoolExecutor(1) as thread:
        reading = thread.submit(gather, captures, ground_truth, service, groups=groups, span=span)
        # What judges is long to import; meanwhile, other processes read.
        from .evaluation import evaluate  # pylint: disable=import-outside-toplevel

        evidence = reading.result()
    findings = evaluate(evidence, found.manifest, reference, config)
    report_folder.write(output, files(findings, found, reference, config))
    return findings


def gather(
    captures: Path,
    ground_truth: Path | None,
    service: Service,
    *,
    groups: Sequence[str],
    span: TimeWindow,
) -> CollectedData:
    """Return what lies in the folders.

    Raises:
        MonitoringError: they hold nothing to compare, or cannot be read.
    """
    listing, found = find(captures, span), service.artifact
    truths = None
    if ground_truth:
        outputs = found.read_json(artifact.REFERENCE)["outputs"]
        reader_of_truths = make_truth_reader(found.manifest, outputs)
        truths = load(ground_truth, span, reader_of_truths, groups)
    overridden = type(service).preprocess is not Service.preprocess
    reader = Reader(
        found,
        span,
        truths,
        groups=len(groups) + 1,
        folder=captures,
        preprocess=service.preprocess if overridden else None,
    )
    evidence = CollectedData(span, listing, truths, processes.read(reader, listing.files))
    if not evidence.tally.records:
        raise MonitoringError(nothing(evidence, captures, found.manifest.version))
    return evidence


def files(
    findings: MonitoringResult, found: Artifact, reference: References, config: Config
) -> dict[str, bytes]:
    """Return the report's files by name."""
    manifest = found.manifest
    return {
        "statistics.json": artifact.to_text(baseline.statistics(findings, manifest)),
        "constraints.json": artifact.to_text(baseline.constraints(manifest, reference, config)),
        report_folder.MARK: artifact.to_text(baseline.violations(findings.violations)),
        "metrics.prom": exposition.write(findings),
        "report.html": page.draw(findings, manifest).encode(),
    }


def nothing(evidence: CollectedData, captures: Path, version: str) -> str:
    """Return why there is nothing to compare."""
    tally = evidence.tally
    told = [
        f"{count} {what}"
        for count, what in (
            (len(evidence.listing.files), "closed files"),
            (evidence.listing.open_files, "files that are still being written"),
            (tally.outside, "records outside of the window"),
            (tally.versions.total(), f"records of {', '.join(sorted(tally.versions))}"),
            (tally.refused, "answers that are no model's"),
            (tally.faults.corrupt + tally.faults.foreign, "lines that cannot be read"),
        )
        if count
    ]
    first = "".join(
        f"; {each.file}, line {each.line} {each.problem}" for each in tally.faults.places[:1]
    )
    return (
        f"There is nothing in {captures} to compare with version {version}: "
        f"{', '.join(told) or 'no file'}{first}."
    )
