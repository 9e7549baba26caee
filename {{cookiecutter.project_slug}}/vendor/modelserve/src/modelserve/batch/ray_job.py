"""Run the shards of a batch job on a Ray cluster."""

# pylint: disable=import-outside-toplevel
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import ConfigurationError, MalformedError, ServiceError
from ..project import Project
from .job import BatchJob, Division, Format
from .predictor import BatchPredictor
from .storage import URL
from .tables import Keep, Shard

SHARDS_A_PROCESSOR = 4  # so that no processor waits long for the last one
PROCESSORS = "CPU"


@dataclass(frozen=True)
class RayJob:
    """What an actor needs for the shards of a job; paths are absolute, the same on every node."""

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


class ShardActor:
    """Answers shards, one after another: a class for `map_batches`, with batches of one row.

    Args:
        job: whose shards they are.
    """

    def __init__(self, job: RayJob) -> None:
        """Load the model, once for each actor, which has one processor."""
        service = Project(job.package, Path(job.root)).make_service(Path(job.model))
        predictor = BatchPredictor(service, threads=1)
        self._shards, self._overwrite = job.shards, job.overwrite
        self._job = BatchJob(predictor, job.source, job.output, job.keep, job.format, job.division)

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[Any]]:
        """Return what a shard has: rows, rejected rows, whether it was answered, and an error."""
        (index,) = batch["item"].tolist()
        try:
            done = self._job.run(Shard(index, self._shards), overwrite=self._overwrite)
        except ServiceError as error:  # the other shards go on
            return _outcome(index, error=str(error))
        manifest = done.manifest
        return _outcome(index, manifest.rows, manifest.rejected, answered=done.counts is not None)


def _outcome(
    index: int, rows: int = 0, rejected: int = 0, *, answered: bool = False, error: str = ""
) -> dict[str, list[Any]]:
    return {
        "shard": [index],
        "rows": [rows],
        "rejected": [rejected],
        "answered": [answered],
        "error": [error],
    }


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
        whole = RayJob(**(vars(job) | {"shards": shards}))
        outcomes = (
            ray.data.from_items(list(range(shards)), override_num_blocks=shards)
            .map_batches(
                ShardActor,
                fn_constructor_args=(whole,),
                batch_size=1,
                num_cpus=1,
                concurrency=min(processors, shards),
            )
            .take_all()
        )
    finally:
        ray.shutdown()
    if failed := [each for each in outcomes if each["error"]]:
        first = min(failed, key=lambda each: int(each["shard"]))
        raise MalformedError(
            f"{len(failed)} of {shards} shards failed, the others are complete; shard "
            f"{first['shard']}: {first['error']}"
        )
    return RayCounts(
        rows=sum(each["rows"] for each in outcomes),
        rejected=sum(each["rejected"] for each in outcomes),
        answered=sum(each["answered"] for each in outcomes),
        shards=shards,
    )


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
        import ray.data
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"{error.name} is not installed, which --ray needs; in pyproject.toml, add ray to the "
            "brackets behind modelserve."
        ) from error
    try:
        ray.init(address=address, log_to_driver=False, logging_level="ERROR")
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise ConfigurationError(
            f"No Ray cluster answers at {address}: {error!s:.300}. Start one with `ray start "
            "--head`, or check the address."
        ) from error
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    return ray
