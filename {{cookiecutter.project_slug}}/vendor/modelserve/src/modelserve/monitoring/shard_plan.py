"""Divides captures among shards once, so that all agree whatever is written meanwhile."""

import hashlib
import os
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from pydantic import ValidationError
from pydantic_core import to_json

from ..errors import MonitoringError
from ..manifest import Record
from .collection import MonitoringSources
from .partitions import find_files, find_truth_files
from .processes import divide

PLAN = "plan.json"

MISSING = -1  # the size of a link to nothing, which a shard counts among its unread lines
ListedFiles = tuple[tuple[str, int], ...]  # paths relative to the folder, and sizes in bytes


class CountingJob(Record):
    """What all shards have in common; `model` is the SHA-256 of the artifact's manifest."""

    model_name: str
    model_version: str
    model: str
    since: datetime | None
    until: datetime | None
    groups: tuple[str, ...]
    ground_truth: bool
    shards: int

    def require_same(self, other: "CountingJob", path: Path) -> None:
        """Raise if the job of a plan is another one.

        Raises:
            MonitoringError: it is; the message says in what.
        """
        mine, its = self.model_dump(), other.model_dump()
        differences = ", ".join(
            f"{name} ({its[name]!s:.60} there)" for name in mine if mine[name] != its[name]
        )
        if differences:
            raise MonitoringError(
                f"{path} is of other shards: it differs in {differences}. Choose another folder, "
                "or use the same options."
            )


class ShardPlan(Record):
    """The files of each shard, neighbours of about the same size, and all files of ground truth."""

    format: Literal[1] = 1
    job: CountingJob
    parts: tuple[ListedFiles, ...]
    open_files: int
    others: tuple[str, ...]
    truth_files: ListedFiles

    @property
    def digest(self) -> str:
        """Return what tells it from other plans."""
        return hashlib.sha256(to_json(self)).hexdigest()

    def find(self, sources: MonitoringSources, shards: Iterable[int]) -> list[Path]:
        """Return the files of some shards.

        Raises:
            MonitoringError: a file was removed, or changed.
        """
        return _find(sources.captures, [each for i in shards for each in self.parts[i]])

    def find_truths(self, sources: MonitoringSources) -> tuple[Path, ...]:
        """Return the files of ground truth.

        Raises:
            MonitoringError: a file was removed, or changed.
        """
        return tuple(_find(sources.ground_truth or Path(), self.truth_files))


def job_of(sources: MonitoringSources, shards: int) -> CountingJob:
    """Return the job of some shards."""
    manifest = sources.service.artifact.manifest
    return CountingJob(
        model_name=manifest.name,
        model_version=manifest.version,
        model=hashlib.sha256(to_json(manifest)).hexdigest(),
        since=sources.window.since,
        until=sources.window.until,
        groups=tuple(sources.groups),
        ground_truth=sources.ground_truth is not None,
        shards=shards,
    )


def make_plan(sources: MonitoringSources, folder: Path, shards: int) -> ShardPlan:
    """Return the plan in a folder; the first shard writes it.

    Raises:
        MonitoringError: the plan is of another job, or cannot be written.
    """
    job, path = job_of(sources, shards), folder / PLAN
    try:
        if not path.exists():
            plan = _divide(sources, job)
            folder.mkdir(parents=True, exist_ok=True)
            with TemporaryDirectory(dir=folder, prefix=f".{PLAN}-") as scratch:
                fresh = Path(scratch, PLAN)
                fresh.write_bytes(to_json(plan, indent=1) + b"\n")
                _move_unless_exists(fresh, path)
    except OSError as error:
        raise MonitoringError(f"{folder} cannot be written: {error}") from error
    plan = read_plan(folder)
    job.require_same(plan.job, path)
    return plan


def read_plan(folder: Path) -> ShardPlan:
    """Return the plan of a folder.

    Raises:
        MonitoringError: there is none.
    """
    path = folder / PLAN
    try:
        return ShardPlan.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        if isinstance(error, ValidationError):
            first = error.errors(include_url=False)[0]
            reason = f"{'.'.join(map(str, first['loc'])) or 'the file'}: {first['msg']}"
        else:
            reason = str(error)
        raise MonitoringError(
            f"{path} is no plan of shards: {reason}. Count the shards into this folder first."
        ) from error


def _move_unless_exists(fresh: Path, path: Path) -> None:
    """Move a file, unless another shard has written one meanwhile."""
    try:
        os.link(fresh, path)
    except FileExistsError:
        pass
    except OSError:  # a bucket has no links: the last plan stays, and shards of others are refused
        fresh.replace(path)


def _divide(sources: MonitoringSources, job: CountingJob) -> ShardPlan:
    listing = find_files(sources.captures, sources.window)
    truths = sources.ground_truth
    truth_files = find_truth_files(truths, sources.window, missing_ok=True) if truths else ()
    parts = divide(listing.files, processes=job.shards)
    parts += [()] * (job.shards - len(parts))
    captures = sources.captures.resolve()
    return ShardPlan(
        job=job,
        parts=tuple(_list(captures, files) for files in parts),
        open_files=listing.open_files,
        others=tuple(path.relative_to(captures).as_posix() for path in listing.others),
        truth_files=_list(truths.resolve(), truth_files) if truths else (),
    )


def _list(folder: Path, files: Sequence[Path]) -> ListedFiles:
    return tuple((path.relative_to(folder).as_posix(), _size_of(path)) for path in files)


def _size_of(path: Path) -> int:
    """Return the size of a file in bytes, MISSING of a link to nothing."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return MISSING


def _find(folder: Path, files: Iterable[tuple[str, int]]) -> list[Path]:
    paths = []
    for name, size_bytes in files:
        path = folder.resolve() / name
        try:
            size_now = _size_of(path) if size_bytes == MISSING else path.stat().st_size
        except OSError as error:
            raise MonitoringError(f"{path}, which {PLAN} lists, cannot be read: {error}") from error
        if size_now != size_bytes:
            raise MonitoringError(f"{path} has changed since {PLAN} listed it; start again.")
        paths.append(path)
    return paths
