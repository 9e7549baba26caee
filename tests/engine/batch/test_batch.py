"""A file is answered row by row, as the service answers requests."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from modelserve.batch import BatchPredictor, Shard
from modelserve.errors import MalformedError
from modelserve.serving.table_inputs import TableInputs
from modelserve.serving.text_inputs import TextInputs

from tests.engine.batch.files import Row, answers, read, rejected, write_csv, write_lines

FAMILIES = ("iris", "sentiment")


@pytest.mark.parametrize("name", ["rows.csv", "ROWS.CSV", "rows.jsonl", "rows"])
def test_a_file_is_answered_as_the_service_answers(
    batch: BatchPredictor, rows: list[Row], tmp_path: Path, output: Path, name: str
) -> None:
    write = write_csv if name.lower().endswith(".csv") else write_lines
    source = write(tmp_path / name, rows)

    counts = batch.run(source, output)

    assert read(output) == answers(batch, rows)
    assert (counts.answered, counts.rejected) == (len(rows), 0)
    assert list(output.parent.iterdir()) == [output]


@pytest.mark.parametrize("write", [write_csv, write_lines])
def test_a_byte_order_mark_is_skipped(
    batch: BatchPredictor, rows: list[Row], tmp_path: Path, output: Path, write: Callable[..., Path]
) -> None:
    source = write(tmp_path / f"rows.{write.__name__[6:]}", rows, "utf-8-sig")
    assert source.read_bytes().startswith(b"\xef\xbb\xbf")
    batch.run(source, output)
    assert read(output) == answers(batch, rows)


def test_a_file_longer_than_one_chunk_is_answered(
    batch: BatchPredictor,
    rows: list[Row],
    tmp_path: Path,
    output: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for inputs in (TableInputs, TextInputs):
        monkeypatch.setattr(inputs, "chunk", 2)
    values = [*rows[:3], None, *rows[3:5]]

    counts = batch.run(write_lines(tmp_path / "rows.jsonl", values), output)

    assert [each["row"] for each in read(output)] == [0, 1, 2, 4, 5]
    assert [each["row"] for each in read(rejected(output))] == [3]
    assert (counts.answered, counts.rejected) == (5, 1)


@pytest.mark.parametrize("count", [1, 2, 3, 50])
def test_shards_partition_the_rows(
    batch: BatchPredictor, rows: list[Row], tmp_path: Path, output: Path, count: int
) -> None:
    source = write_csv(tmp_path / "rows.csv", rows)

    shards = []
    for index in range(count):
        batch.run(source, output, shard=Shard(index, count))
        shards.append(read(output))

    for index, shard in enumerate(shards):
        assert all(each["row"] % count == index for each in shard)
    whole = sorted((each for shard in shards for each in shard), key=lambda each: each["row"])
    assert whole == answers(batch, rows)


def test_empty_lines_are_skipped(
    batch: BatchPredictor, rows: list[Row], tmp_path: Path, output: Path
) -> None:
    source = tmp_path / "rows.jsonl"
    first, second = json.dumps(rows[0]), json.dumps(rows[1])
    source.write_text(f"\n{first}\n\n  \n{second}\r\n\n", encoding="utf-8")
    batch.run(source, output)
    assert read(output) == answers(batch, rows[:2])


def test_empty_lines_of_a_csv_are_skipped(
    batch: BatchPredictor, rows: list[Row], tmp_path: Path, output: Path
) -> None:
    source = write_csv(tmp_path / "rows.csv", rows[:2])
    source.write_bytes(source.read_bytes().replace(b"\r\n", b"\r\n\r\n") + b"\n\n")
    batch.run(source, output)
    assert read(output) == answers(batch, rows[:2])


@pytest.mark.parametrize("name", ["rows.csv", "rows.jsonl"])
@pytest.mark.parametrize("content", [b"\xef\xbb\xbf", b"\n\n"], ids=["BOM", "lines"])
def test_an_empty_file_has_no_answers(
    batch: BatchPredictor, tmp_path: Path, output: Path, name: str, content: bytes
) -> None:
    source = tmp_path / name
    source.write_bytes(content)
    counts = batch.run(source, output)
    assert output.read_bytes() == b""
    assert (counts.answered, counts.rejected) == (0, 0)


def test_a_csv_without_rows_has_no_answers(
    batch: BatchPredictor, row: Row, tmp_path: Path, output: Path
) -> None:
    source = tmp_path / "rows.csv"
    source.write_text(",".join(row), encoding="utf-8")
    batch.run(source, output)
    assert output.read_bytes() == b""


@pytest.mark.parametrize("name", ["rows.csv", "rows.jsonl"])
def test_a_file_of_no_bytes_is_an_error(
    batch: BatchPredictor, tmp_path: Path, output: Path, name: str
) -> None:
    source = tmp_path / name
    source.touch()
    with pytest.raises(MalformedError, match=rf"{name} cannot .*: the file has 0 bytes"):
        batch.run(source, output)
    assert not output.exists()
