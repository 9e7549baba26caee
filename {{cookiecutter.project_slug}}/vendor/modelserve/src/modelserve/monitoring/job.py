"""The monitoring job: compares production's captures and ground truth with training."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from .. import artifact
from ..artifact import Artifact
from ..translation import Catalogue, load_catalogue
from . import baseline, exposition, report_folder, runbooks
from .collection import MonitoringSources, References, collect
from .config import MonitoringConfig
from .report import page
from .results.result import MonitoringResult
from .shards import merge_shards


def run(
    sources: MonitoringSources,
    *,
    config: MonitoringConfig,
    output: Path,
    shards: Path | None = None,
) -> MonitoringResult:
    """Compare captures with training, and write the report.

    Args:
        sources: the folders; records of other models and versions are skipped.
        config: the thresholds.
        output: the report's folder; an earlier report is replaced.
        shards: a folder with the counts of all shards of the captures, None to read the captures.

    Raises:
        MonitoringError: no record can be compared, a folder cannot be read, a shard is missing, or
            the report cannot be written.
    """
    report_folder.check_replaceable(output)
    service = sources.service
    with ThreadPoolExecutor(1) as thread:
        read = partial(merge_shards, folder=shards) if shards else collect
        reading = thread.submit(read, sources)
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
