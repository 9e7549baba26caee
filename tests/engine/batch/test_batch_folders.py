"""A batch job answers files of a folder into a folder: a file and a manifest for each shard."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from modelserve.batch import BatchJob, BatchPredictor, Shard
from modelserve.errors import MalformedError
from starlette.testclient import TestClient

from tests.engine.batch.files import Row, read, write_csv, write_lines
from tests.engine.batch.folders import (
    read_parts,
    same,
    write_files,
    write_many,
    write_parquet,
)

FAMILIES = ("iris", "diabetes", "sentiment")


def without(row: Row, *names: str) -> Row:
    """Return a row without some fields."""
    return {name: value for name, value in row.items() if name not in names}


def test_answers_to_several_files_are_those_of_the_service(
    job: Callable[..., BatchJob], client: TestClient, many: list[Row], tmp_path: Path, out: Path
) -> None:
    source = write_files(tmp_path / "rows", many)
    for index in range(2):
        job(source).run(Shard(index, 2))

    plain = [without(row, "id") for row in many]
    response = client.post("/predict", json={"instances": plain}).raise_for_status()
    answers = read_parts(out)
    predictions = response.json()["predictions"]
    assert same([without(row, "id", "file", "row") for row in answers], predictions)
    assert [str(row["id"]) for row in answers] == [str(i) for i in range(len(many))]
    third = len(many) // 3
    assert [(row["file"], row["row"]) for row in answers] == [
        (name, i) for name in ("a.csv", "b.jsonl.gz", "day=2/c.parquet") for i in range(third)
    ]


@pytest.mark.parametrize("format_", ["csv", "csv.gz", "jsonl", "jsonl.gz", "parquet"])
@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_the_shards_files_one_after_another_are_those_of_one_process(
    batch: BatchPredictor, many: list[Row], tmp_path: Path, format_: Any, count: int
) -> None:
    source = write_many(tmp_path / "rows", many, files=5)
    for shards in (1, count):
        to = BatchJob(batch, str(source), str(tmp_path / f"to-{shards}"), format=format_)
        for index in range(shards):
            to.run(Shard(index, shards))
    assert read_parts(tmp_path / f"to-{count}") == read_parts(tmp_path / "to-1")


def test_shards_share_the_rows_of_too_few_files(
    job: Callable[..., BatchJob], many: list[Row], tmp_path: Path, out: Path
) -> None:
    source = write_files(tmp_path / "rows", many)
    BatchJob(job(source).predictor, str(source), str(tmp_path / "one"), format="jsonl").run()
    for index in range(4):
        job(source).run(Shard(index, 4))

    def in_order(folder: Path) -> list[Row]:
        return sorted(read_parts(folder), key=lambda row: (row["file"], row["row"]))

    assert same(in_order(out), in_order(tmp_path / "one"))
    sizes = [len(path.read_text("utf-8").splitlines()) for path in sorted(out.glob("part-*"))]
    assert sizes == [len(many) // 4] * 4


def test_one_file_is_shared_without_a_column_for_its_name(
    job: Callable[..., BatchJob], batch: BatchPredictor, many: list[Row], tmp_path: Path, out: Path
) -> None:
    source = write_parquet(tmp_path / "rows.parquet", many)
    batch.run(source, tmp_path / "whole.jsonl")
    for index in range(3):
        job(source).run(Shard(index, 3))
    lines = sorted(read_parts(out), key=lambda row: int(row["row"]))
    assert same(lines, read(tmp_path / "whole.jsonl"))


def test_a_file_with_a_further_column_is_named(
    job: Callable[..., BatchJob], many: list[Row], tmp_path: Path
) -> None:
    (tmp_path / "rows").mkdir()
    write_csv(tmp_path / "rows" / "a.csv", many[:3])
    write_csv(tmp_path / "rows" / "b.csv", [{"note": "x", **row} for row in many[3:6]])
    with pytest.raises(MalformedError, match=r"b\.csv .*the column 'note', which"):
        job(tmp_path / "rows", format="csv").run()
    assert job(tmp_path / "rows", format="jsonl").run().manifest.rows == 6


def test_a_broken_file_is_named(
    job: Callable[..., BatchJob], many: list[Row], tmp_path: Path, out: Path
) -> None:
    source = write_files(tmp_path / "rows", many)
    for name, content in (("b.jsonl.gz", b"\x1f\x8b\x08garbage"), ("day=2/c.parquet", b"none")):
        whole = (source / name).read_bytes()
        (source / name).write_bytes(content)
        with pytest.raises(MalformedError, match=f"answers: {name} cannot be answered: "):
            job(source).run()
        (source / name).write_bytes(whole)
    assert not out.exists() or not list(out.iterdir())


@pytest.mark.parametrize("format_", ["csv", "parquet"])
@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_columns_that_the_first_file_lacks_are_named_with_both_files_and_the_way_out(
    batch: BatchPredictor, rows: list[Row], tmp_path: Path, out: Path, suffix: str, format_: Any
) -> None:
    folder = tmp_path / "rows"
    folder.mkdir()
    write_csv(folder / "a.csv", rows)
    write: Any = {"csv": write_csv, "jsonl": write_lines, "parquet": write_parquet}[suffix]
    write(folder / f"b.{suffix}", [row | {"wages": 1} for row in rows])
    with pytest.raises(MalformedError) as caught:
        BatchJob(batch, str(folder), str(out), format=format_).run()
    assert str(caught.value).endswith(
        f"b.{suffix} cannot be answered: from row 0 on, it has the column 'wages', which the first "
        "rows of a.csv do not have, and a table of answers has their columns. Choose files with "
        "the same columns by a pattern, answer this one alone, or set --keep none or --format "
        "jsonl."
    )
    assert not [*out.glob("part-*")]
    ways_out: list[dict[str, Any]] = [{"keep": "none"}, {"format": "jsonl"}]
    for way_out in ways_out:
        job = BatchJob(batch, str(folder), str(tmp_path / str(way_out)), **way_out)
        counts = job.run().counts
        assert counts is not None
        assert counts.answered == 2 * len(rows)
