"""A file is read and written in the format of its suffix, compressed or not."""

import csv
import gzip
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from modelserve import Project
from modelserve.artifact import Artifact
from modelserve.batch import BatchPredictor, Shard
from modelserve.errors import ConfigurationError, MalformedError
from modelserve.manifest import Dialect, Feature

from tests.engine.batch.files import Row, answers, read, write_csv, write_lines

FAMILIES = ("iris", "diabetes", "sentiment")


def read_table(path: Path, delimiter: str = ",") -> list[dict[str, Any]]:
    """Return the rows of a CSV file, its numbers as numbers."""
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter=delimiter))
    return [{name: _number(cell) for name, cell in row.items()} for row in rows]


def _number(cell: str) -> Any:
    try:
        return float(cell)
    except ValueError:
        return cell


def flat(row: Row) -> Row:
    """Return an answer as a row of a table has it."""
    shares = row.pop("probabilities", {})
    return row | {f"probability_{label}": share for label, share in shares.items()}


@pytest.fixture
def expected(batch: BatchPredictor, rows: list[Row]) -> list[Row]:
    """Return the rows of a table of answers."""
    return [flat(each) for each in answers(batch, rows)]


def test_csv_has_a_column_for_each_number(
    batch: BatchPredictor, rows: list[Row], expected: list[Row], tmp_path: Path
) -> None:
    output = tmp_path / "answers.csv"
    batch.run(write_csv(tmp_path / "rows.csv", rows), output)
    table = read_table(output)
    assert [{name: each[name] for name in expected[0]} for each in table] == expected
    assert b"\r" not in output.read_bytes()


def test_a_table_without_rows_has_a_header(batch: BatchPredictor, row: Row, tmp_path: Path) -> None:
    source, output = tmp_path / "rows.csv", tmp_path / "answers.csv"
    source.write_text(",".join([*row, "id"]), encoding="utf-8")
    batch.run(source, output)
    first, second, *others = output.read_text("utf-8").strip().split(",")
    assert (first, second) == ("row", "id")
    assert others


@pytest.mark.parametrize("name", ["rows.csv.gz", "rows.jsonl.gz", "rows.csv"])
def test_compressed_rows_are_answered_into_a_compressed_file(
    batch: BatchPredictor, rows: list[Row], expected: list[Row], tmp_path: Path, name: str
) -> None:
    write = write_lines if "jsonl" in name else write_csv
    source, output = tmp_path / name, tmp_path / "answers.jsonl.gz"
    source.write_bytes(gzip.compress(write(tmp_path / "plain", rows).read_bytes()))

    batch.run(source, output)
    first = output.read_bytes()
    batch.run(source, output)

    lines = gzip.decompress(first).decode().splitlines()
    assert [flat(json.loads(line)) for line in lines] == expected
    assert output.read_bytes() == first


@pytest.mark.parametrize("cut", [-1, 30])
def test_a_truncated_archive_is_refused(
    batch: BatchPredictor, rows: list[Row], tmp_path: Path, output: Path, cut: int
) -> None:
    content = write_lines(tmp_path / "plain", rows * 100).read_bytes()
    source = tmp_path / "rows.jsonl.gz"
    source.write_bytes(gzip.compress(content)[:cut])
    with pytest.raises(MalformedError, match="cannot be answered"):
        batch.run(source, output)
    assert list(output.parent.iterdir()) == []


def test_parquet_is_answered_into_parquet(
    batch: BatchPredictor, rows: list[Row], expected: list[Row], tmp_path: Path
) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    pyarrow = sys.modules["pyarrow"]
    source, output = tmp_path / "rows.parquet", tmp_path / "answers.parquet"
    kept = [{"id": i, "day": Decimal("1.5"), "note": None} for i in range(len(rows))]
    table = [each | row for each, row in zip(kept, rows, strict=True)]
    parquet.write_table(pyarrow.Table.from_pylist(table), source)

    counts = batch.run(source, output)

    actual = parquet.read_table(output)
    assert counts.rejected == 0
    assert actual.schema.field("id").type == pyarrow.int64()
    assert [{k: v for k, v in each.items() if k in expected[0]} for each in actual.to_pylist()] == (
        expected
    )
    assert actual.column("id").to_pylist() == [each["id"] for each in kept]


@pytest.mark.parametrize(
    ("index", "column", "expected"),
    [
        pytest.param([7, 9, 4], None, None, id="row numbers"),
        pytest.param(pd.RangeIndex(5, 11, 2, name="unit"), "unit", [5, 7, 9], id="named range"),
        pytest.param(pd.Index([3, 8, 4], name="unit"), "unit", [3, 8, 4], id="named"),
    ],
)
def test_the_index_of_a_data_frame_is_kept_if_it_has_a_name(
    batch: BatchPredictor, row: Row, tmp_path: Path, index: Any, column: str | None, expected: Any
) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    source, output = tmp_path / "rows.parquet", tmp_path / "answers.parquet"
    pd.DataFrame([row] * 3, index=index).to_parquet(source)
    for shard, rows in ((Shard(), slice(None)), (Shard(1, 2), slice(1, None, 2))):
        batch.run(source, output, shard=shard)
        names = parquet.read_schema(output).names
        assert [name for name in names if name.startswith(("unit", "__"))] == (
            [column] if column else []
        )
        if column:
            assert parquet.read_table(output).column(column).to_pylist() == expected[rows]


def test_a_shard_of_parquet_is_the_shard_of_its_rows(
    batch: BatchPredictor, rows: list[Row], tmp_path: Path, output: Path, monkeypatch: Any
) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    source = tmp_path / "rows.parquet"
    parquet.write_table(sys.modules["pyarrow"].Table.from_pylist(rows), source)
    monkeypatch.setattr(batch.codec.inputs, "chunk", 4, raising=False)
    numbers = []
    for index in range(3):
        batch.run(source, output, shard=Shard(index, 3))
        numbers.append([each["row"] for each in read(output)])
    assert numbers == [list(range(len(rows)))[index::3] for index in range(3)]


def test_a_parquet_file_without_a_field_is_refused(
    batch: BatchPredictor, tmp_path: Path, output: Path
) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    source = tmp_path / "rows.parquet"
    parquet.write_table(sys.modules["pyarrow"].table({"other": [1]}), source)
    with pytest.raises(
        MalformedError, match=r"its header has no '.*; it has 'other'\. `batch` takes"
    ):
        batch.run(source, output)
    source.write_bytes(b"no Parquet at all")
    with pytest.raises(MalformedError, match="no Parquet file"):
        batch.run(source, output)


def test_columns_of_mixed_types_do_not_fit_parquet(
    batch: BatchPredictor, row: Row, tmp_path: Path, output: Path
) -> None:
    pytest.importorskip("pyarrow")
    source = write_lines(tmp_path / "rows.jsonl", [row | {"id": 1}, row | {"id": "x"}])
    message = (
        r"the column 'id' holds values of several types: int64, and in row 1 string \('x'\); "
        r"write a \.jsonl or \.csv file\.$"
    )
    with pytest.raises(MalformedError, match=message):
        batch.run(source, output.with_suffix(".parquet"))
    assert list(output.parent.iterdir()) == []


@pytest.mark.parametrize("names", [("rows.parquet", "o.jsonl"), ("rows.jsonl", "o.parquet")])
def test_parquet_without_its_library_says_what_is_missing(
    batch: BatchPredictor, row: Row, tmp_path: Path, monkeypatch: Any, names: tuple[str, str]
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    source = write_lines(tmp_path / names[0], [row])
    with pytest.raises(
        ConfigurationError, match=r"pyarrow.* is not installed, which Parquet needs"
    ):
        batch.run(source, tmp_path / names[1])
    assert list(tmp_path.iterdir()) == [source]


Make = Callable[..., BatchPredictor]


@pytest.fixture
def make_batch(project: Project, trained: Artifact) -> Make:
    """Return a function that makes a batch of a model with another dialect."""

    def make(features: tuple[Feature, ...] = (), **dialect: Any) -> BatchPredictor:
        data = trained.manifest.data.model_copy(update={"dialect": Dialect(**dialect)})
        changes = {"data": data} | ({"features": features} if features else {})
        artifact = replace(trained, manifest=trained.manifest.model_copy(update=changes))
        return BatchPredictor(project.service_class(project.load_settings(), artifact=artifact))

    return make


@pytest.mark.parametrize("separator", [";", "\t", "| "])
def test_a_file_is_written_as_the_training_data_are(
    make_batch: Make, rows: list[Row], expected: list[Row], tmp_path: Path, separator: str
) -> None:
    source, output = tmp_path / "rows.csv", tmp_path / "answers.csv"
    lines = [["größe", *rows[0]]] + [["ä" * 3, *map(str, row.values())] for row in rows]
    if "text" in rows[0]:
        lines = [["größe", "text"]] + [["äää", f'"{row["text"]}"'] for row in rows]
    decimal = lines if "text" in rows[0] else [[c.replace(".", ",") for c in row] for row in lines]
    source.write_bytes(
        "\n".join(separator.join(row) for row in decimal).encode("cp1252", "replace")
    )

    batch = make_batch(separator=separator, decimal=",", encoding="cp1252")
    counts = batch.run(source, output)

    assert counts.rejected == 0
    text = output.read_text("utf-8")
    assert text.startswith(separator[0].join(["row", "größe"]))
    if "text" not in rows[0]:
        output.write_text(text.replace(",", "."), "utf-8")
        table = read_table(output, separator[0])
        assert [{name: each[name] for name in expected[0]} for each in table] == expected


def test_a_tsv_file_has_tabs(batch: BatchPredictor, rows: list[Row], tmp_path: Path) -> None:
    source, output = tmp_path / "rows.tsv", tmp_path / "answers.tsv"
    with source.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, delimiter="\t").writerows([list(rows[0]), list(rows[0].values())])
    batch.run(source, output)
    assert output.read_text("utf-8").startswith("row\t")


def test_the_datas_own_format_is_that_of_a_suffix_that_says_nothing(
    make_batch: Make, rows: list[Row], tmp_path: Path, output: Path
) -> None:
    make_batch(format="csv").run(write_csv(tmp_path / "rows.txt", rows), output)
    assert len(read(output)) == len(rows)
