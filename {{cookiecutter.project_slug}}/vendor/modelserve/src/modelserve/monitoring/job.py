"""The monitoring job: compares production's captures and ground truth with training."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

from .. import artifact
from ..artifact import Artifact
from ..service import Service
from ..translation import Catalogue, load_catalogue
from . import baseline, exposition, report_folder, runbooks
from .collection import References, collect
from .config import MonitoringConfig
from .partitions import TimeWindow
from .report import page
from .results.result import MonitoringResult


def run(
    captures: Path,
    *,
    ground_truth: Path | None,
    service: Service,
    config: MonitoringConfig,
    since: datetime | None,
    until: datetime | None,
    output: Path,
) -> MonitoringResult:
    """Compare a folder of captures with training, and write the report.

    Args:
        captures: laid out by the hour; records of other models and versions are skipped.
        ground_truth: laid out likewise, None without one.
        service: its artifact and its `preprocess`.
        config: the thresholds.
        since: the earliest inference to compare, in UTC if it has no zone; None for no limit.
        until: the end of the window, which is not part of it.
        output: the report's folder; an earlier report is replaced.

    Raises:
        MonitoringError: no record can be compared, a folder cannot be read, or the report cannot
            be written.
    """
    report_folder.check_replaceable(output)
    groups, window = config.fairness.groups, TimeWindow(since, until)
    with ThreadPoolExecutor(1) as thread:
        reading = thread.submit(
            collect, captures, ground_truth, service, groups=groups, window=window
        )
        # SciPy takes long to import; meanwhile, the captures are read by other processes.
        from .evaluation import evaluate  # pylint: disable=import-outside-toplevel

        data = reading.result()
    reference: References = service.artifact.read_json(artifact.REFERENCE)
    result = evaluate(data, service.artifact.manifest, reference, config)
    catalogue = load_catalogue(service.settings.locale)
    files = report_files(result, service.artifact, reference, config, output, catalogue)
    report_folder.write(output, files)
    return result


def report_files(
    result: MonitoringResult,
    model: Artifact,
    reference: References,
    config: MonitoringConfig,
    output: Path,
    catalogue: Catalogue,
) -> dict[str, bytes]:
    """Return the contents of the report's files by name."""
    manifest = model.manifest
    report = page.render(
        result,
        manifest,
        runbook_address=runbooks.address(seen_from=output),
        catalogue=catalogue,
    )
    return {
        "statistics.json": artifact.to_text(baseline.statistics(result, manifest)),
        "constraints.json": artifact.to_text(baseline.constraints(manifest, reference, config)),
        report_folder.MARK: artifact.to_text(baseline.violations(result.violations)),
        "metrics.prom": exposition.write(result),
        "report.html": report.encode(),
    }
