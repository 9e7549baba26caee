"""The columns of a table in Parquet have one type each, which changes no value."""

from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from io import BytesIO
from math import inf, isnan, nan
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from modelserve.batch import BatchJob, BatchPredictor, Shard
from modelserve.batch.column_types import answer_types, convert, infer_types
from modelserve.batch.parquet import ParquetWriter
from modelserve.batch.tables import AnsweredRows
from modelserve.batch.writers import TableLayout
from modelserve.errors import MalformedError

from tests.engine.batch.files import Row, read, write_csv, write_lines
from tests.engine.batch.folders import read_parts

Write = Callable[[list[Any], Path], Path]
AT = datetime(2026, 1, 31, 15, 30)
LATE = "late"


@pytest.fixture
def few(batch: BatchPredictor, monkeypatch: pytest.MonkeyPatch) -> BatchPredictor:
    """Return the model, which reads two rows at once, and knows the types of two rows."""
    monkeypatch.setattr("modelserve.batch.json_source.LOOKED_AT", 2)
    monkeypatch.setattr(batch.codec.inputs, "chunk", 2, raising=False)
    return batch


def write_table(path: Path, row: Row, values: Any) -> Path:
    """Write a Parquet file with some values beside the model's fields."""
    path.parent.mkdir(exist_ok=True)
    table = pa.Table.from_pylist([row] * len(values))
    pq.write_table(table.append_column(LATE, pa.array(values)), path)
    return path


@pytest.mark.parametrize(
    ("first", "later", "types"),
    [
        pytest.param(1, 1.5, r"int64, and in row 2 double \(1\.5\)", id="fraction"),
        pytest.param(1, True, r"int64, and in row 2 bool \(True\)", id="boolean, not 1"),
        pytest.param(0.5, True, r"double, and in row 2 bool \(True\)", id="boolean, not 1.0"),
        pytest.param(0.5, 2**53 + 1, r"double, and in row 2 int64 ", id="too exact"),
        pytest.param(1, 2**64, r"int64, and in row 2 null \(18446744073709551616\)", id="large"),
        pytest.param("a", 5, r"string, and in row 2 int64 \(5\)", id="number, not a text"),
        pytest.param([1], [1, 1.5], r"list<.*int64>, and in row 2 list<.*double>", id="list"),
        pytest.param([], [1], r"list<.*string>, and in row 2 list<.*int64>", id="unknown list"),
        pytest.param(
            {"a": 1}, {"a": 1, "b": 2}, r"struct<a: int64>, and in row 2 struct<.*b", id="field"
        ),
    ],
)
def test_a_later_value_that_its_column_would_change_is_refused(
    few: BatchPredictor, row: Row, tmp_path: Path, output: Path, first: Any, later: Any, types: str
) -> None:
    rows = [row | {LATE: value} for value in (first, first, later)]
    source = write_lines(tmp_path / "rows.jsonl", rows)
    message = f"the column 'late' holds values of several types: {types}.*; write a .jsonl or .csv"
    with pytest.raises(MalformedError, match=message):
        few.run(source, output.with_suffix(".parquet"))
    assert list(output.parent.iterdir()) == []
    few.run(source, output)
    assert [each[LATE] for each in read(output)] == [first, first, later]


@pytest.mark.parametrize(
    ("values", "type_"),
    [
        pytest.param([1, 1.0, None], pa.int64(), id="whole"),
        pytest.param([0.5, 2, None], pa.float64(), id="mixed"),
        pytest.param([{"a": 1}, {}, {"b": [2.5]}], None, id="fields that lack"),
        pytest.param([[1], [], None], None, id="lists"),
    ],
)
def test_values_that_stay_what_they_are_fit(values: list[Any], type_: Any) -> None:
    (inferred,) = infer_types({LATE: values}).values()
    assert convert(values, type_ or inferred) is not None


@pytest.mark.parametrize(
    ("value", "type_", "fits"),
    [
        pytest.param(AT, pa.date32(), False, id="a time of a date"),
        pytest.param(AT.date(), pa.date32(), True, id="date"),
        pytest.param(
            AT.replace(tzinfo=timezone(timedelta(hours=2))), pa.timestamp("us"), False, id="zone"
        ),
        pytest.param(
            AT.replace(tzinfo=timezone(timedelta(hours=2))),
            pa.timestamp("us", "UTC"),
            True,
            id="the same instant",
        ),
        pytest.param(AT, pa.timestamp("us"), True, id="no zone"),
        pytest.param(5, pa.timestamp("us"), False, id="number, not a time"),
        pytest.param(Decimal("1.5"), pa.int64(), False, id="decimal"),
        pytest.param(Decimal("0.1"), pa.float64(), True, id="few digits"),
        pytest.param(Decimal("0.12345678901234567890"), pa.float64(), False, id="many digits"),
        pytest.param([Decimal("1.5")], pa.list_(pa.int64()), False, id="in a list"),
        pytest.param(b"a", pa.string(), False, id="bytes"),
        pytest.param(inf, pa.float64(), True, id="infinite"),
        pytest.param([nan], pa.list_(pa.float64()), True, id="not a number"),
    ],
)
def test_a_value_fits_a_type_that_holds_it_as_it_is(value: Any, type_: Any, fits: bool) -> None:
    assert (convert([value, None], type_) is not None) == fits


@pytest.mark.parametrize(
    ("first", "second", "type_"),
    [
        pytest.param([1, 2], [1.5, 2**53], pa.float64(), id="integers and floats"),
        pytest.param(pa.nulls(2), ["a", None], pa.string(), id="nothing and texts"),
        pytest.param([None, 1], pa.nulls(2), pa.int64(), id="integers and nothing"),
        pytest.param(pa.nulls(2), pa.nulls(2), pa.string(), id="nothing at all"),
        pytest.param(
            pa.array(["a", "b"]).dictionary_encode(), ["c", "a"], pa.string(), id="categories"
        ),
        pytest.param(
            pa.array([AT], pa.timestamp("ms")),
            pa.array([AT + timedelta(microseconds=1)], pa.timestamp("us")),
            pa.timestamp("us"),
            id="times",
        ),
        pytest.param([{"a": 1}], [{"a": 1.5, "b": None}], None, id="objects"),
        pytest.param([Decimal("1.5")], [Decimal("12345678901234567.890")], None, id="decimals"),
        pytest.param([date(2026, 1, 31)], [None], pa.date32(), id="dates"),
        pytest.param([b"\xff"], [b"a"], pa.binary(), id="bytes"),
    ],
)
def test_a_column_has_the_type_that_holds_the_values_of_all_parquet_files(
    batch: BatchPredictor, row: Row, tmp_path: Path, out: Path, first: Any, second: Any, type_: Any
) -> None:
    for name, values in (("a", first), ("b", second)):
        write_table(tmp_path / "rows" / f"{name}.parquet", row, values)
    job = BatchJob(batch, str(tmp_path / "rows"), str(out), format="parquet")
    for index in range(2):
        job.run(Shard(index, 2))
    schemas = [pq.read_schema(path) for path in sorted(out.glob("part-*"))]
    assert schemas[0] == schemas[1]
    assert type_ is None or schemas[0].field(LATE).type == type_
    given = [*pa.array(first).to_pylist(), *pa.array(second).to_pylist()]
    answered = [each[LATE] for each in read_parts(out)]
    if isinstance(given[0], dict):
        given = [{"b": None} | each for each in given]
    assert answered == given


def test_parquet_files_whose_types_differ_are_refused_before_anything_is_written(
    batch: BatchPredictor, row: Row, tmp_path: Path, out: Path
) -> None:
    write_table(tmp_path / "rows" / "a.parquet", row, [1])
    write_table(tmp_path / "rows" / "b.parquet", row, ["x"])
    ways_out: list[dict[str, Any]] = [{"format": "jsonl"}, {"format": "csv"}, {"keep": "none"}]
    job = BatchJob(batch, str(tmp_path / "rows"), str(out), format="parquet")
    message = (
        r"b\.parquet cannot be answered: its column 'late' is of type string, and in the files "
        "before it of type int64, and a column of Parquet has one type; set --format jsonl or "
        r"csv, or --keep none\.$"
    )
    with pytest.raises(MalformedError, match=message):
        job.run(Shard(0, 2))
    assert not [*out.glob("part-*")]
    for way_out in ways_out:
        to = str(tmp_path / str(way_out))
        counts = BatchJob(batch, str(tmp_path / "rows"), to, **way_out).run().counts
        assert counts is not None
        assert counts.answered == 2


def test_a_value_of_another_file_that_does_not_fit_is_named_with_its_file(
    batch: BatchPredictor, row: Row, tmp_path: Path, out: Path
) -> None:
    write_table(tmp_path / "rows" / "a.parquet", row, [1])
    write_csv(tmp_path / "rows" / "b.csv", [row | {LATE: "x"}])
    with pytest.raises(MalformedError, match=r"int64, and in row 0 of b\.csv string \('x'\)"):
        BatchJob(batch, str(tmp_path / "rows"), str(out), format="parquet").run()
    assert not [*out.glob("part-*")]


def test_a_column_without_a_value_in_the_first_rows_holds_texts(
    few: BatchPredictor, row: Row, tmp_path: Path, output: Path
) -> None:
    values = [None, None, "a", 5, 0.1, True, ["b", None], {"c": 1}, None]
    source = write_lines(tmp_path / "rows.jsonl", [row | {LATE: value} for value in values])
    table = output.with_suffix(".parquet")
    few.run(source, table)
    assert pq.read_table(table).column(LATE).to_pylist() == [
        *(None, None, "a", "5", "0.1", "true", '["b",null]', '{"c":1}', None)
    ]


def test_the_types_of_all_shards_are_those_of_the_first_rows(
    few: BatchPredictor, row: Row, tmp_path: Path, out: Path
) -> None:
    values = [1, 0.5, None, None, 7, 8]
    source = write_lines(tmp_path / "rows.jsonl", [row | {LATE: value} for value in values])
    for index in range(3):
        BatchJob(few, str(source), str(out), format="parquet").run(Shard(index, 3))
    schemas = [pq.read_schema(path) for path in out.glob("part-*")]
    assert [schema.field(LATE).type for schema in schemas] == [pa.float64()] * 3
    answers = sorted(read_parts(out), key=lambda each: int(each["row"]))
    assert [each[LATE] for each in answers] == values


def test_decimals_that_are_kept_have_all_their_digits(
    batch: BatchPredictor, row: Row, tmp_path: Path, output: Path
) -> None:
    values = [Decimal("12345678901234567890.10"), Decimal("1.50"), Decimal("2.00"), None]
    source = write_table(tmp_path / "rows.parquet", row, values)
    table, text = output.with_suffix(".parquet"), output.with_suffix(".csv")
    for to in (output, table, text):
        assert batch.run(source, to, keep="all").rejected == 0
    assert pq.read_table(table).column(LATE).to_pylist() == values
    assert [each[LATE] for each in read(output)] == ["12345678901234567890.10", 1.5, 2, None]
    lines = text.read_text("utf-8").splitlines()
    place = lines[0].split(",").index(LATE)
    assert [line.split(",")[place] for line in lines[1:]] == [
        *("12345678901234567890.10", "1.50", "2.00", "")
    ]


def write_answers(*chunks: list[str]) -> pa.Table:
    """Return the Parquet file of a regressor's answers, a text of JSON each."""
    stream = BytesIO()
    answers = answer_types('{"value":0.5}', texts=["warnings"])
    writer = ParquetWriter(stream, TableLayout([], ["value"]), kept={}, answers=answers)
    for chunk in chunks:
        writer.write(AnsweredRows(range(len(chunk)), {}, chunk, {}))
    writer.close()
    return pq.read_table(BytesIO(stream.getvalue()))


def test_whole_answers_do_not_cut_later_ones() -> None:
    table = write_answers(['{"value":151}', '{"value":null}'], ['{"value":1.5}'])
    assert table.column("value").to_pylist() == [151, None, 1.5]
    assert write_answers().schema.field("value").type == pa.float64()


def test_what_postprocess_adds_has_the_type_of_its_first_values() -> None:
    table = write_answers(['{"value":"low","rank":1}'], ['{"value":"high","rank":2}'])
    assert table.schema.types == [pa.int64(), pa.string(), pa.int64()]
    with pytest.raises(MalformedError, match=r"'rank' holds values of several types: int64, "):
        write_answers(['{"value":1,"rank":1}'], ['{"value":1,"rank":1.5}'])


def test_a_number_that_is_none_stays_none() -> None:
    (value,) = convert([nan], pa.float64()).to_pylist()
    assert isnan(value)
    assert convert([nan], pa.int64()) is None


def test_times_keep_their_nanoseconds_and_zone(
    batch: BatchPredictor, row: Row, tmp_path: Path, output: Path
) -> None:
    times = pa.array([1769873400000000001], pa.timestamp("ns", "Europe/Berlin"))
    source = write_table(tmp_path / "rows.parquet", row, times)
    table = output.with_suffix(".parquet")
    batch.run(source, table)
    column = pq.read_table(table).column(LATE).combine_chunks()
    assert column.type == times.type
    assert column.cast(pa.int64()).to_pylist() == [1769873400000000001]
