"""The file of rows is complete or absent, replaces only its own kind, and its bytes are fixed."""

import gzip
import hashlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from modelserve.collect import parquet_rows
from modelserve.collect.text_rows import CsvRows
from modelserve.errors import CollectionError
from modelserve.manifest import Data, Dialect
from modelserve.training.reading.records import read_json_lines

from tests.engine.collect.records import MIXED, Record, make_manifest, make_record, make_truth

Collect = Callable[..., Any]
Write = Callable[..., Path]
ROW = {"size": 1.5, "rooms": 2, "new": True, "zip": "01"}


def some(count: int) -> tuple[list[Record], list[Record]]:
    """Return so many records, and their truths."""
    records = [make_record(i, [ROW | {"rooms": i}]) for i in range(count)]
    return records, [make_truth(i, "yes") for i in range(count)]


def test_csv_is_written_in_the_dialect_of_the_training_data(
    collect: Collect, tmp_path: Path
) -> None:
    dialect = Dialect(separator="; ", decimal=",", encoding="cp1252")
    data = Data(source="a.csv", sha256="", training_rows=1, test_rows=1, dialect=dialect)
    records = [make_record(1, [ROW | {"zip": 'Köln; "West"\nNord'}])]
    collect(
        records, [make_truth(1, "yes")], manifest=make_manifest(*MIXED, data=data), output="new.csv"
    )
    expected = 'size;rooms;new;zip;sold\n1,5;2;true;"Köln; ""West""\nNord";yes\n'
    assert (tmp_path / "new.csv").read_bytes() == expected.encode("cp1252")


@pytest.mark.parametrize("ending", ["csv", "csv.gz"])
def test_a_character_that_the_encoding_lacks_is_named_and_nothing_is_written(
    collect: Collect, tmp_path: Path, ending: str
) -> None:
    data = Data(
        source="a.csv", sha256="", training_rows=1, test_rows=1, dialect=Dialect(encoding="cp1252")
    )
    records = [make_record(1, [ROW | {"zip": "東京"}])]
    with pytest.raises(CollectionError, match=r"has no sign for '東'; write a .jsonl or"):
        collect(
            records,
            [make_truth(1, "yes")],
            manifest=make_manifest(*MIXED, data=data),
            output=f"new.{ending}",
        )
    assert {path.name for path in tmp_path.iterdir()} == {"captures", "truths"}


@pytest.mark.parametrize("ending", ["jsonl", "jsonl.gz"])
@pytest.mark.parametrize("encoding", ["cp1252", "shift_jis", "ascii"])
def test_a_character_that_the_encoding_lacks_is_an_escape_in_json_lines(
    collect: Collect, tmp_path: Path, encoding: str, ending: str
) -> None:
    data = Data(
        source="a.csv", sha256="", training_rows=1, test_rows=1, dialect=Dialect(encoding=encoding)
    )
    town = 'é東"\\😀'
    collect(
        [make_record(1, [ROW | {"zip": town}])],
        [make_truth(1, "yes")],
        manifest=make_manifest(*MIXED, data=data),
        output=f"new.{ending}",
    )
    (row,) = read_json_lines(tmp_path / f"new.{ending}", encoding)
    assert row["zip"] == town


def test_utf16_has_one_byte_order_mark(collect: Collect, tmp_path: Path) -> None:
    data = Data(
        source="a.csv", sha256="", training_rows=1, test_rows=1, dialect=Dialect(encoding="utf-16")
    )
    records, truths = some(2)
    collect(records, truths, manifest=make_manifest(*MIXED, data=data), output="new.csv")
    text = (tmp_path / "new.csv").read_bytes().decode("utf-16")
    assert text.splitlines()[0] == "size,rooms,new,zip,sold"
    assert "\ufeff" not in text


@pytest.mark.parametrize("output", ["new.csv.gz", "new.parquet"])
def test_the_bytes_do_not_depend_on_the_number_of_processes(
    collect: Collect, write: Write, tmp_path: Path, output: str, request: Any
) -> None:
    records, truths = some(12)
    for i in range(3):
        write("captures", records[4 * i : 4 * i + 4], name=f"{i}.jsonl")
        write("truths", truths[4 * i : 4 * i + 4], name=f"{i}.jsonl")
    manifest = make_manifest(*MIXED)
    collect(manifest=manifest, output=f"a/{output}")
    request.getfixturevalue("two_processes")
    collect(manifest=manifest, output=f"b/{output}")
    files = [sorted((tmp_path / folder).iterdir()) for folder in "ab"]
    assert [path.name for path in files[0]] == [output, f"{output}.provenance.json"]
    for one, other in zip(*files, strict=True):
        assert one.read_bytes() == other.read_bytes()


def test_parquet_has_groups_of_many_rows_whatever_the_parts_are(
    collect: Collect, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr(parquet_rows, "GROUP_ROWS", 5)
    records, truths = some(12)
    for i, record in enumerate(records):
        write("captures", [record], name=f"{i:02}.jsonl")
    collect(None, truths, manifest=make_manifest(*MIXED), output="new.parquet")
    file = parquet.ParquetFile(tmp_path / "new.parquet")
    groups = [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)]
    assert groups == [5, 5, 2]
    assert file.read().column("rooms").to_pylist() == [*range(12)]
    assert [str(field.type) for field in file.schema_arrow] == [
        "double",
        "int64",
        "bool",
        "string",
        "string",
    ]


def test_provenance_names_every_file_with_its_hash(collect: Collect, tmp_path: Path) -> None:
    records, truths = some(2)
    collect(
        records,
        truths,
        manifest=make_manifest(*MIXED),
        output="new.csv.gz",
        versions=["2.0"],
        consumers=["anonymous"],
    )
    content = json.loads((tmp_path / "new.csv.gz.provenance.json").read_bytes())
    rows = (tmp_path / "new.csv.gz").read_bytes()
    assert content["sha256"] == hashlib.sha256(rows).hexdigest()
    assert len(gzip.decompress(rows).splitlines()) == 3
    assert content["filters"] == {"versions": ["2.0"], "consumers": ["anonymous"]}
    assert content["rows"]["written"] == content["records"]["versions"]["2.0"] == 2
    for kind in ("captures", "ground_truth"):
        (source,) = content["files"][kind]
        folder = "captures" if kind == "captures" else "truths"
        path = tmp_path / folder / source["path"]
        assert source["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert str(tmp_path) not in json.dumps(content)


def test_collected_rows_are_replaced_and_nothing_else(collect: Collect, tmp_path: Path) -> None:
    manifest = make_manifest(*MIXED)
    collect(*some(1), manifest=manifest)
    collect(*some(2), manifest=manifest)
    path = tmp_path / "new.jsonl"
    assert path.read_bytes().count(b"\n") == 2
    path.write_text("{}\n")
    with pytest.raises(CollectionError, match=r"was changed since; name another.*--force"):
        collect(manifest=manifest)
    assert path.read_text() == "{}\n"
    collect(manifest=manifest, force=True)
    assert path.read_bytes().count(b"\n") == 2
    for own in ("data.csv", "houses.parquet"):
        (tmp_path / own).write_text("mine")
        with pytest.raises(CollectionError, match="no file of collected rows"):
            collect(manifest=manifest, output=own)
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(CollectionError, match="is a folder"):
        collect(manifest=manifest, output="folder.csv", force=True)


def test_earlier_rows_stay_if_the_disk_rejects_the_new_ones(
    collect: Collect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = make_manifest(*MIXED)
    collect(*some(1), manifest=manifest, output="new.csv")
    before = {path: path.read_bytes() for path in tmp_path.glob("new*")}

    def fail(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(CsvRows, "join", fail)
    with pytest.raises(CollectionError, match=r"new.csv cannot be written: no space left"):
        collect(*some(2), manifest=manifest, output="new.csv")
    assert {path: path.read_bytes() for path in tmp_path.glob("*new*")} == before


@pytest.mark.parametrize("output", ["new", "new.xlsx", "new.parquet.gz", "new.gz", "new.csv.zip"])
def test_another_suffix_is_rejected_before_anything_is_read(collect: Collect, output: str) -> None:
    with pytest.raises(CollectionError, match="names no format"):
        collect([b"?"], [b"?"], output=output)


def test_parquet_without_its_library_names_the_extra(
    collect: Collect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(
        CollectionError,
        match=r"add parquet to those in the brackets .* `uvx nox -s lock` and `uvx nox -s dev`",
    ):
        collect(*some(1), output="new.parquet")


def test_the_target_and_the_time_need_names_of_their_own(collect: Collect) -> None:
    with pytest.raises(CollectionError, match=r"'size' is a feature .*--target"):
        collect(*some(1), target="size")
    with pytest.raises(CollectionError, match="'sold' is another column"):
        collect(*some(1), time_column="sold")


def test_the_time_of_the_inference_can_be_a_column(collect: Collect, tmp_path: Path) -> None:
    collect(*some(1), output="new.csv", time_column="when")
    frame = pd.read_csv(tmp_path / "new.csv")
    assert frame.to_dict("records") == [
        {"size": 1.5, "sold": "yes", "when": "2026-11-21T10:00:00Z"}
    ]
