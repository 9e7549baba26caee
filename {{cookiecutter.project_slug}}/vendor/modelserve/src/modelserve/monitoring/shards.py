"""Counts shares of the captures on several machines, and merges them into what one would count."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np

from ..artifact import REFERENCE
from ..errors import MonitoringError
from .collection import CollectedData, MonitoringSources, require_records
from .counts import CaptureCounts
from .ground_truth import GroundTruth
from .ingest.duplicates import KEY
from .key_files import DIVISIONS, read_division
from .outcomes import make_truth_reader
from .partitions import Listing
from .processes import read
from .shard_file import ShardFile
from .shard_plan import PLAN, ShardPlan, job_of, make_plan, read_plan


class CountedShard(NamedTuple):
    """A shard that is complete: `rows` is None if it was so before; `done` counts the shards."""

    rows: int | None
    done: int


def count_shard(
    sources: MonitoringSources, folder: Path, *, index: int, count: int
) -> CountedShard:
    """Write the counts of a shard into a folder, unless it is complete.

    Every shard reads the whole ground truth. Its file has 8 bytes for each of its records, and a
    bit for each ground truth.

    Args:
        sources: of all shards; what is written to them after the first shard began is left out.
        folder: of the counts of all shards, which the machines share.
        index: of this shard, from 0.
        count: of the shards.

    Raises:
        MonitoringError: the folder has other shards, a file has changed, or cannot be read or
            written.
    """
    plan = make_plan(sources, folder, count)
    files = _shard_files(folder, plan)
    rows = None
    if not _is_complete(files[index]):
        captures, truths = plan.find(sources, [index]), plan.find_truths(sources)
        with sources.open(captures, truths) as opened:
            keys = opened.pool.scratch / "shard"
            counts = read(opened.reader, captures, opened.pool, keys=keys)
            try:
                files[index].write(counts, opened.truths, [*keys.iterdir()])
            except OSError as error:
                raise MonitoringError(f"{folder} cannot be written: {error}") from error
        rows = counts.rows
    return CountedShard(rows, sum(each.path.exists() for each in files))


def merge_shards(sources: MonitoringSources, folder: Path) -> CollectedData:
    """Return the sum of all shards' counts: exactly that of one machine.

    A shard with records that an earlier one has, too, is read again, without these records; so
    are the files of ground truth. The captures are not read otherwise.

    Args:
        sources: the same as those of the shards.
        folder: of the counts.

    Raises:
        MonitoringError: a shard is missing, damaged, counted from other sources or for another
            model, or no record can be compared.
    """
    plan = read_plan(folder)
    job_of(sources, plan.job.shards).require_same(plan.job, folder / PLAN)
    files = _shard_files(folder, plan)
    others = {path.name for path in folder.glob("counts-*")} - {each.path.name for each in files}
    if others:
        raise MonitoringError(f"{folder / min(others)} is none of the shards of {PLAN}; remove it.")
    for each in files:
        each.check()
    counts, truths = _merge(sources, plan, files)
    captures = sources.captures.resolve()
    listing = Listing(
        tuple(captures / name for part in plan.parts for name, _ in part),
        plan.open_files,
        tuple(captures / name for name in plan.others),
    )
    data = CollectedData(sources.window, listing, truths, counts)
    require_records(data, sources)
    return data


def _merge(
    sources: MonitoringSources, plan: ShardPlan, files: Sequence[ShardFile]
) -> tuple[CaptureCounts, GroundTruth | None]:
    """Return the counts of all shards, and the number of ground truths."""
    artifact = sources.service.artifact
    truth_reader = make_truth_reader(artifact.manifest, artifact.read_json(REFERENCE)["outputs"])
    outcomes = type(truth_reader.empty_counts(groups=1))
    counts, truths = files[0].read(outcomes)  # no shard precedes it
    with TemporaryDirectory() as scratch, ExitStack() as stack:
        keys = [each.extract_keys(Path(scratch, str(each.shard))) for each in files]
        again, opened = _shards_with_duplicates(keys), None
        if again:
            paths = plan.find(sources, again), plan.find_truths(sources)
            opened = stack.enter_context(sources.open(*paths))
        for i, each in enumerate(files[1:], start=1):
            if opened and i in again:
                own = opened.pool.scratch / f"{i}.shard"
                reading = opened.reader, plan.find(sources, [i]), opened.pool
                counts.merge(read(*reading, keys=own, earlier=keys[:i]))
            else:
                counts.merge(each.read(outcomes)[0])
    return counts, truths


def _shard_files(folder: Path, plan: ShardPlan) -> list[ShardFile]:
    shards, digest = plan.job.shards, plan.digest
    return [
        ShardFile(folder / f"counts-{i:05d}-of-{shards:05d}.zip", i, digest) for i in range(shards)
    ]


def _is_complete(file: ShardFile) -> bool:
    try:
        file.check()
    except MonitoringError:
        return False
    return True


def _shards_with_duplicates(keys: Sequence[Path]) -> list[int]:
    """Return the shards that have a record of an earlier shard.

    Args:
        keys: a folder for each shard, with the key of each of its records once.
    """
    found = np.zeros(len(keys), dtype=np.bool_)
    for number in range(DIVISIONS):
        parts = [rows["key"] for rows in read_division(keys, KEY, number)]
        shards = np.repeat(np.arange(len(parts)), [len(each) for each in parts])
        whole = np.concatenate(parts)
        order = whole.argsort(kind="stable")
        repeated = np.flatnonzero(whole[order][1:] == whole[order][:-1]) + 1
        found[shards[order][repeated]] = True
    return np.flatnonzero(found).tolist()
