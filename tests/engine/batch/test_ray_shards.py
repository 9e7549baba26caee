"""A task of a Ray cluster answers one shard of a job; Ray itself is not needed for it."""

from dataclasses import replace
from pathlib import Path

import pytest
from modelserve.batch.ray_job import RayJob, ShardOutcome, answer_shard

from tests.engine.batch.files import Row
from tests.engine.batch.folders import names, read_parts, write_many
from tests.engine.families import Family

FAMILIES = ("iris",)


@pytest.fixture
def job(family: Family, many: list[Row], tmp_path: Path) -> RayJob:
    """Return a job of two shards."""
    source = write_many(tmp_path / "rows", many, 2)
    return RayJob(
        family.package, str(family.root), str(family.artifact.folder), str(source),
        str(tmp_path / "answers"), "others", None, "auto", 2, overwrite=False,
    )  # fmt: skip


def test_tasks_answer_the_shards_of_a_job_once(job: RayJob, many: list[Row]) -> None:
    outcomes = [answer_shard(job, index) for index in range(2)]
    assert sum(each.rows for each in outcomes) == len(many)
    assert {each.answered for each in outcomes} == {True}
    assert [row["id"] for row in read_parts(Path(job.output))] == [row["id"] for row in many]
    assert "_SUCCESS" in names(Path(job.output))
    again = [answer_shard(job, index) for index in range(2)]
    assert again == [each._replace(answered=False) for each in outcomes]


def test_a_task_returns_why_its_shard_cannot_be_answered(job: RayJob) -> None:
    outcome = answer_shard(replace(job, source=f"{job.source}/none"), 0)
    assert outcome == ShardOutcome(error=outcome.error)
    assert "none" in outcome.error


def test_a_task_returns_that_its_node_has_no_model(job: RayJob) -> None:
    outcome = answer_shard(replace(job, model=f"{job.model}-none"), 0)
    assert outcome == ShardOutcome(error=outcome.error)
    assert "-none" in outcome.error
