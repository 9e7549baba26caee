"""A file is answered row by row, and a row that cannot be is told why."""

import csv
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from package import batch as batch_module
from package.artifact import Artifact
from package.batch import Batch, Shard
from package.errors import MalformedError, ModelError
from package.serving.arrays import Model
from package.serving.runtime import load_model

Row = dict[str, Any]
UNKNOWN = "the model has no such field"
MISSING = "this field is missing"


@pytest.fixture(scope="module")
def batch(found: Artifact) -> Batch:
    """Return the model, loaded once."""
    return Batch(found)


@pytest.fixture
def rows(golden: list[dict[str, Any]]) -> list[Row]:
    """Return some input rows that are right."""
    return [case["input"] for case in golden]


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """Return where predictions go: a folder that holds nothing else."""
    folder = tmp_path / "out"
    folder.mkdir()
    return folder / "answers.jsonl"


def write_csv(path: Path, rows: list[Row], encoding: str = "utf-8") -> Path:
    """Write rows under a head that names the columns."""
    with path.open("w", encoding=encoding, newline="") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def write_lines(path: Path, values: Iterable[Any], encoding: str = "utf-8") -> Path:
    """Write a JSON value a line."""
    path.write_text("".join(f"{json.dumps(value)}\n" for value in values), encoding=encoding)
    return path


def read(path: Path) -> list[Row]:
    """Return the JSON objects of a file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def rejected(output: Path) -> Path:
    """Return where the rows lie that could not be answered."""
    return output.with_name(f"{output.name}.rejected")


def answers(batch: Batch, rows: list[Row]) -> list[Row]:
    """Return what the service would answer, each with its row's number."""
    response = json.loads(batch.answer(json.dumps({"instances": rows}).encode(), "id"))
    return [{"row": number} | answer for number, answer in enumerate(response["predictions"])]


@pytest.mark.parametrize("name", ["rows.csv", "ROWS.CSV", "rows.jsonl", "rows"])
def test_a_file_is_answered_as_the_service_answers(
    batch: Batch, rows: list[Row], tmp_path: Path, output: Path, name: str
) -> None:
    write = write_csv if name.lower().endswith(".csv") else write_lines
    source = write(tmp_path / name, rows)

    tally = batch.run(source, output)

    assert read(output) == answers(batch, rows)
    assert (tally.answered, tally.rejected) == (len(rows), 0)
    assert list(output.parent.iterdir()) == [output]


@pytest.mark.parametrize("write", [write_csv, write_lines])
def test_a_byte_order_mark_is_no_part_of_the_first_row(
    batch: Batch, rows: list[Row], tmp_path: Path, output: Path, write: Callable[..., Path]
) -> None:
    source = write(tmp_path / f"rows.{write.__name__[6:]}", rows, "utf-8-sig")
    assert source.read_bytes().startswith(b"\xef\xbb\xbf")
    batch.run(source, output)
    assert read(output) == answers(batch, rows)


def test_a_file_may_be_longer_than_what_the_model_takes_at_once(
    batch: Batch, rows: list[Row], tmp_path: Path, output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_module, "CHUNK", 2)
    values = [*rows[:3], None, *rows[3:5]]

    tally = batch.run(write_lines(tmp_path / "rows.jsonl", values), output)

    assert [each["row"] for each in read(output)] == [0, 1, 2, 4, 5]
    assert [each["row"] for each in read(rejected(output))] == [3]
    assert (tally.answered, tally.rejected) == (5, 1)


@pytest.mark.parametrize("count", [1, 2, 3, 50])
def test_shards_share_out_the_rows(
    batch: Batch, rows: list[Row], tmp_path: Path, output: Path, count: int
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


def test_each_wrong_line_is_told_with_its_number_and_all_reasons(
    batch: Batch, row: Row, tmp_path: Path, output: Path
) -> None:
    missing, *_ = row
    spoilt = {name: value for name, value in row.items() if name != missing}
    lines = [json.dumps(value) for value in (row, spoilt | {"no_such": 1}, [row], {}, row)]
    source = tmp_path / "rows.jsonl"
    source.write_text("\n".join([*lines, "{no JSON", "NaN", lines[0]]), encoding="utf-8")

    tally = batch.run(source, output)

    assert [each["row"] for each in read(output)] == [0, 4, 7]
    told = {each["row"]: each["problems"] for each in read(rejected(output))}
    assert list(told) == [1, 2, 3, 5, 6]
    assert sorted(told[1]) == sorted([f"{missing}: {MISSING}", f"no_such: {UNKNOWN}"])
    assert len(told[2]) == 1
    assert told[3] == [f"{name}: {MISSING}" for name in row]
    assert told[5][0].startswith("no JSON: ")
    assert (tally.answered, tally.rejected) == (3, 5)


def test_empty_lines_are_no_rows(
    batch: Batch, rows: list[Row], tmp_path: Path, output: Path
) -> None:
    source = tmp_path / "rows.jsonl"
    first, second = json.dumps(rows[0]), json.dumps(rows[1])
    source.write_text(f"\n{first}\n\n  \n{second}\r\n\n", encoding="utf-8")
    batch.run(source, output)
    assert read(output) == answers(batch, rows[:2])


def test_empty_lines_of_a_csv_are_no_rows(
    batch: Batch, rows: list[Row], tmp_path: Path, output: Path
) -> None:
    source = write_csv(tmp_path / "rows.csv", rows[:2])
    source.write_bytes(source.read_bytes().replace(b"\r\n", b"\r\n\r\n") + b"\n\n")
    batch.run(source, output)
    assert read(output) == answers(batch, rows[:2])


@pytest.mark.parametrize("name", ["rows.csv", "rows.jsonl"])
@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\n\n"], ids=["empty", "BOM", "lines"])
def test_an_empty_file_has_no_answers(
    batch: Batch, tmp_path: Path, output: Path, name: str, content: bytes
) -> None:
    source = tmp_path / name
    source.write_bytes(content)
    tally = batch.run(source, output)
    assert output.read_bytes() == b""
    assert (tally.answered, tally.rejected) == (0, 0)


def test_a_head_alone_has_no_answers(batch: Batch, row: Row, tmp_path: Path, output: Path) -> None:
    source = tmp_path / "rows.csv"
    source.write_text(",".join(row), encoding="utf-8")
    batch.run(source, output)
    assert output.read_bytes() == b""


def test_a_csv_row_with_more_values_than_names_is_rejected(
    batch: Batch, rows: list[Row], tmp_path: Path, output: Path
) -> None:
    source = write_csv(tmp_path / "rows.csv", rows[:1])
    line = source.read_bytes().splitlines(keepends=True)[1]
    source.write_bytes(source.read_bytes() + line.replace(b"\r\n", b",1,2\r\n") + line)

    batch.run(source, output)

    assert [each["row"] for each in read(output)] == [0, 2]
    assert read(rejected(output)) == [
        {"row": 1, "problems": ["more values than the head has names"]}
    ]


def test_what_an_earlier_run_rejected_does_not_stay(
    batch: Batch, row: Row, tmp_path: Path, output: Path
) -> None:
    source = write_lines(tmp_path / "rows.jsonl", [row, {}])
    batch.run(source, output)
    assert rejected(output).exists()

    batch.run(write_lines(source, [row]), output)

    assert list(output.parent.iterdir()) == [output]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("rows.jsonl", None, id="no file"),
        pytest.param("rows.jsonl", b"{}\n" * 5_000 + b"\xff\n", id="no UTF-8 in the end"),
        pytest.param("rows.csv", b"a\n" + b"1\n" * 5_000 + b"x" * 200_000, id="endless field"),
    ],
)
def test_what_cannot_be_read_leaves_the_earlier_answers(
    batch: Batch, tmp_path: Path, output: Path, name: str, content: bytes | None
) -> None:
    source = tmp_path / name
    if content is not None:
        source.write_bytes(content)
    output.write_text("earlier", encoding="utf-8")
    rejected(output).write_text("earlier", encoding="utf-8")

    with pytest.raises(MalformedError, match=rf"{name} cannot be turned into .*answers\.jsonl: "):
        batch.run(source, output)

    assert sorted(output.parent.iterdir()) == [output, rejected(output)]
    assert output.read_text(encoding="utf-8") == "earlier"
    assert rejected(output).read_text(encoding="utf-8") == "earlier"


def test_an_output_folder_that_is_not_there_is_named(
    batch: Batch, row: Row, tmp_path: Path
) -> None:
    source = write_lines(tmp_path / "rows.jsonl", [row])
    with pytest.raises(MalformedError, match="nowhere"):
        batch.run(source, tmp_path / "nowhere" / "answers.jsonl")
    assert list(tmp_path.iterdir()) == [source]


class Spoilt:
    """A model whose first answer of each call is no number.

    Args:
        runtime: answers everything else.
    """

    def __init__(self, model: Model) -> None:
        self._model = model

    def run(self, feeds: Any) -> Any:
        """Return the answers, spoilt."""
        outputs = self._model.run(feeds)
        outputs[0] = np.nan
        return outputs


@pytest.fixture
def spoilt_batch(found: Artifact, monkeypatch: pytest.MonkeyPatch) -> Batch:
    """Return a batch whose model fails on the first row of each call."""
    monkeypatch.setattr(batch_module, "load_model", lambda each, **_: Spoilt(load_model(each)))
    return Batch(found)


def test_an_answer_that_is_not_finite_is_no_answer(
    spoilt_batch: Batch, rows: list[Row], tmp_path: Path, output: Path
) -> None:
    source = write_lines(tmp_path / "rows.jsonl", [{}, *rows[:3]])

    tally = spoilt_batch.run(source, output)

    assert [each["row"] for each in read(output)] == [2, 3]
    last = read(rejected(output))[-1]
    assert last == {"row": 1, "problems": ["the model's answer is not finite"]}
    assert (tally.answered, tally.rejected) == (2, 2)


def test_a_request_whose_answer_is_not_finite_has_none(spoilt_batch: Batch, row: Row) -> None:
    body = json.dumps({"instances": [row]}).encode()
    with pytest.raises(ModelError, match="not finite"):
        spoilt_batch.answer(body, "id")
