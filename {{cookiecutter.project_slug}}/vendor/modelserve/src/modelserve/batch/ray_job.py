"""Run the shards of a batch job on a Ray cluster."""

# pylint: disable=import-outside-toplevel
import os
import socket
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import ConfigurationError, MalformedError, ServiceError
from ..project import Project
from .job import BatchJob, Division, Format
from .predictor import BatchPredictor
from .storage import URL
from .tables import Keep, Shard

SHARDS_A_PROCESSOR = 4  # so that no processor waits long for the last one
PROCESSORS = "CPU"
ANSWERS_WITHIN_S = 5.0
LOOPBACK = ("127.0.0.1", "localhost", "[::1]", "::1")


@dataclass(frozen=True)
class RayJob:
    """What a task needs for a shard of a job; paths are absolute, the same on every node."""

    package: str
    root: str
    model: str
    source: str
    output: str
    keep: Keep
    format: Format | None
    division: Division
    shards: int
    overwrite: bool


class ShardOutcome(NamedTuple):
    """The rows of a shard, and whether it was answered now; or why it could not be answered."""

    rows: int = 0
    rejected: int = 0
    answered: bool = False
    error: str = ""


def answer_shard(job: RayJob, index: int) -> ShardOutcome:
    """Answer a shard on one processor: a task, which Ray tries again where a node was lost."""
    try:
        done = _load(job).run(Shard(index, job.shards), overwrite=job.overwrite)
    except ServiceError as error:  # the other shards go on
        return ShardOutcome(error=str(error))
    manifest = done.manifest
    return ShardOutcome(manifest.rows, manifest.rejected, done.counts is not None)


@cache
def _load(job: RayJob) -> BatchJob:
    """Return the job with its model, which each process of a node loads once."""
    service = Project(job.package, Path(job.root)).make_service(Path(job.model))
    predictor = BatchPredictor(service, threads=1)
    return BatchJob(predictor, job.source, job.output, job.keep, job.format, job.division)


@dataclass(frozen=True)
class RayCounts:
    """How many rows the shards of a job have, and how many of its shards were answered now."""

    rows: int
    rejected: int
    answered: int
    shards: int


def answer_on_ray(address: str, job: RayJob) -> RayCounts:
    """Answer all shards of a job on a cluster, each on one processor.

    Args:
        address: of the cluster, or `auto` for the one of this machine.
        job: with 0 shards for four times as many as the cluster has processors.

    Raises:
        ConfigurationError: Ray is not installed, or no cluster answers.
        MalformedError: a shard could not be answered; the others are.
    """
    ray = _connect(address)
    try:
        processors = max(int(ray.cluster_resources().get(PROCESSORS, 1)), 1)
        shards = job.shards or SHARDS_A_PROCESSOR * processors
        task = ray.remote(num_cpus=1)(answer_shard)
        started = [task.remote(replace(job, shards=shards), index) for index in range(shards)]
        outcomes = [_outcome(ray, each) for each in started]
    finally:
        ray.shutdown()
    if failed := {index: each.error for index, each in enumerate(outcomes) if each.error}:
        first, error = next(iter(failed.items()))
        raise MalformedError(
            f"{len(failed)} of {shards} shards failed, the others are complete; shard "
            f"{first}: {error}"
        )
    return RayCounts(
        rows=sum(each.rows for each in outcomes),
        rejected=sum(each.rejected for each in outcomes),
        answered=sum(each.answered for each in outcomes),
        shards=shards,
    )


def _outcome(ray: Any, task: Any) -> ShardOutcome:
    """Return the outcome of a task when it has ended, whatever ended it."""
    try:
        outcome: ShardOutcome = ray.get(task)
    except ray.exceptions.RayError as error:
        cause = getattr(error, "cause", None) or error  # the project's own error, or Ray's
        reason, *_ = str(cause).splitlines() or [""]
        return ShardOutcome(error=f"{type(cause).__name__}: {reason}")
    return outcome


def absolute(place: str) -> str:
    """Return a place as every process finds it."""
    return place if URL in place else str(Path(place).absolute())


def _connect(address: str) -> Any:
    """Return Ray, connected to a cluster."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # Below `uv run`, Ray would start its workers by it too, in an environment that uv builds anew.
    os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
    try:
        import ray
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"{error.name} is not installed, which --ray needs; in pyproject.toml, add ray to the "
            "brackets behind modelserve."
        ) from error
    try:
        _probe(address, ray.util.get_node_ip_address())
        ray.init(address=address, log_to_driver=False, logging_level="ERROR")
    except (OSError, RuntimeError, ValueError) as error:
        raise ConfigurationError(
            f"No Ray cluster answers at {address}: {f'{error!s:.300}'.rstrip('.')}. Start one with "
            "`ray start --head`, or check the address."
        ) from error
    return ray


def _probe(address: str, own: str) -> None:
    """Connect to an address of host and port: Ray itself waits for more than two minutes.

    Args:
        address: of the cluster.
        own: this machine's, to which Ray connects instead of a loopback address.

    Raises:
        OSError: nobody listens there.
        ValueError: the port is none.
    """
    host, _, port = address.rpartition(":")
    if "://" in address or not host:  # as `auto`
        return
    place = own if host in LOOPBACK else host.strip("[]")
    socket.create_connection((place, int(port)), ANSWERS_WITHIN_S).close()
