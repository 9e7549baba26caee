"""Files are read as people have them; of a wrong dialect, the message says what to write."""

import bz2
import gzip
import lzma
import re
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from modelserve.errors import InvalidInputError, TrainingError
from modelserve.manifest import Dialect, Feature
from modelserve.training.repeated_rows import count_copies
from modelserve.training.sections import DataSection
from modelserve.training.table.table import Table

ROWS = 'a,town,y\n1.5,São,x\n2,"b, c",z\n,São,x\n'
Read = Callable[..., Table]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Return a function that reads a file of some content, with settings of `[data]`."""

    def run(content: str | bytes, name: str = "rows.csv", **settings: Any) -> Table:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return Table.read(DataSection(**{"path": path, "target": "y"} | settings))

    return run


def details(run: Callable[[], object]) -> list[str]:
    """Return the detail of each error."""
    with pytest.raises(InvalidInputError) as caught:
        run()
    return [each.detail for each in caught.value.errors]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(
            "a;b;y\n1;2;x\n3;4;z\n",
            ['the header is one column, "a;b;y"; write separator = ";" under [data]'],
            id="semicolons",
        ),
        pytest.param(
            "a;b;y\n1,5;2;x\n3;4;z\n",
            [
                'the header is one column, "a;b;y"; '
                'write separator = ";" and decimal = "," under [data]'
            ],
            id="decimal-commas",
        ),
        pytest.param(
            "a\tb\ty\n1\t2\tx\n3\t4\tz\n",
            ['the header is one column, "a\\tb\\ty"; write separator = "\\t" under [data]'],
            id="tabs",
        ),
        pytest.param(
            "a, b, y\n1, q, x\n2, r, z\n",
            ['a space follows each ","; write separator = ", " under [data]'],
            id="spaces",
        ),
        pytest.param(
            "a,y\nSão,x\nb,z\n".encode("cp1252"),
            [
                "cannot be read: byte 0xe3 in line 2 is not UTF-8; if the file is from Windows or "
                'Excel, write encoding = "cp1252" under [data]'
            ],
            id="cp1252",
        ),
        pytest.param(
            "a;y\nSão;x\nb;z\n".encode("latin-1"),
            [
                'the header is one column, "a;y"; write separator = ";" under [data]',
                "byte 0xe3 in line 2 is not UTF-8; if the file is from Windows or Excel, "
                'write encoding = "cp1252" under [data]',
            ],
            id="semicolons-in-latin-1",
        ),
        pytest.param(
            "a;y\n1,5;x\n2;z\n".encode("utf-16"),
            [
                'is encoded in UTF-16; write encoding = "utf-16" under [data]',
                'the header is one column, "a;y"; '
                'write separator = ";" and decimal = "," under [data]',
            ],
            id="utf-16",
        ),
        pytest.param(
            b"PK\x03\x04rest",
            ["is an Excel workbook or a ZIP archive; save the sheet as CSV"],
            id="excel",
        ),
        pytest.param(
            b"PK\x03\x04\x14\x00\x06\x00\x08\x81\xff\x00",
            ["is an Excel workbook or a ZIP archive; save the sheet as CSV"],
            id="excel-of-bytes",
        ),
        pytest.param(
            b"PAR1\x15\x04\xff",
            ['is a Parquet file; write format = "parquet" under [data]'],
            id="parquet-of-another-name",
        ),
        pytest.param(
            bz2.compress(ROWS.encode()),
            ["is compressed by bzip2; decompress it, or compress it by gzip"],
            id="bzip2",
        ),
        pytest.param(
            lzma.compress(ROWS.encode()),
            ["is compressed by xz; decompress it, or compress it by gzip"],
            id="xz",
        ),
        pytest.param(
            b"\x28\xb5\x2f\xfd\x04\x00\xa9\xff",
            ["is compressed by zstd; decompress it, or compress it by gzip"],
            id="zstd",
        ),
        pytest.param(
            "# made by us, on Monday\na,b,c,y\nq,1,2,x\nr,3,4,z\n",
            [
                'the first line is not the header, which has 4 names: "# made by us, on Monday"; '
                "remove what is above the header"
            ],
            id="a-comment",
        ),
        pytest.param(
            "Sales\n\nof 2026\nprice;size;y\n1,5;2;x\n2;3,5;z\n",
            [
                'the first 2 lines are not the header, which has 3 names: "Sales"; '
                "remove what is above the header"
            ],
            id="a-title-and-semicolons",
        ),
        pytest.param(
            "Sales;;\nof 2026;;\nprice;size;y\n1,5;2;x\n2;3,5;z\n",
            [
                'the first 2 lines are not the header, which has 3 names: "Sales;;"; '
                "remove what is above the header"
            ],
            id="a-padded-title",
        ),
        pytest.param(
            "Sales,\nsize,y\n1,x\n2,z\n",
            [
                'the first line is not the header, which has 2 names: "Sales,"; '
                "remove what is above the header"
            ],
            id="a-padded-title-of-two-columns",
        ),
        pytest.param(
            "sep=;\na;b;y\n1;2;x\n2;3;z\n",
            [
                'the first line is "sep=;", which only spreadsheets read; delete it',
                'the header is one column, "a;b;y"; write separator = ";" under [data]',
            ],
            id="a-spreadsheets-separator",
        ),
        pytest.param(
            '{"a": 1, "y": "x"}\n',
            ['holds JSON objects; write format = "jsonl" under [data]'],
            id="json-lines",
        ),
        pytest.param(
            "a,y\nr1,1,x\nr2,2,z\n",
            [
                "cannot be read: the rows have 3 values, the header 2 names; add a name to the "
                "header, or check separator and decimal under [data]"
            ],
            id="row-names-without-a-header",
        ),
        pytest.param(
            "a,y\n1,x\n2,z,3\n",
            ["cannot be read: line 3 has 3 values, the header 2 names"],
            id="ragged",
        ),
        pytest.param(
            'a,y\n1,x\n2,"z\n3,x\n',
            ["cannot be read: row 2: a value that begins with a quotation mark has no end"],
            id="a-quote-without-an-end",
        ),
        pytest.param(
            "a,a,y\n1,2,x\n3,4,z\n",
            ["2 columns have this name; rename them in the file"],
            id="one-name-twice",
        ),
        pytest.param(
            "".join(
                ["code;price;y\n", *(f"k{i};{i},5;{'xz'[i % 2]}\n" for i in range(60)), "m;?;x"]
            ),
            [
                'the header is one column, "code;price;y"; '
                'write separator = ";" and decimal = "," under [data]',
                "holds a different text in each row, which tells nothing about new rows; "
                'under [data] write index = "code", or drop = ["code"], or '
                'dtypes = { code = "category" } if it is a feature',
                'holds numbers mixed with text: 1 value such as "?"; under [data] write missing = '
                '["?"] if that is a missing value, or dtypes = { price = "category" }',
            ],
            id="semicolons-and-faults-of-columns",
        ),
    ],
)
def test_a_file_of_another_dialect_says_what_was_seen_and_what_to_write(
    read: Read, content: str | bytes, expected: list[str]
) -> None:
    assert details(lambda: read(content)) == expected


@pytest.mark.parametrize(
    ("content", "settings"),
    [
        pytest.param(ROWS, {}, id="default"),
        pytest.param(
            ROWS.replace(",", ";").replace("b; c", "b, c").replace("1.5", "1,5"),
            {"separator": ";", "decimal": ","},
            id="semicolons",
        ),
        pytest.param(
            "a\ttown\ty\n1,5\tSão\tx\n2\tb, c\tz\n\tSão\tx\n",
            {"separator": "\t", "decimal": ","},
            id="tabs",
        ),
        pytest.param(ROWS.replace(",", ", "), {"separator": ", "}, id="spaces"),
        pytest.param(ROWS.encode("cp1252"), {"encoding": "cp1252"}, id="cp1252"),
        pytest.param(ROWS.encode("utf-16"), {"encoding": "utf-16"}, id="utf-16"),
        pytest.param(ROWS.encode("utf-8-sig"), {}, id="byte-order-mark"),
        pytest.param(gzip.compress(ROWS.encode()), {"name": "rows.csv.gz"}, id="gzip"),
        pytest.param(ROWS.replace("1.5", "1'500.5"), {"thousands": "'"}, id="thousands"),
    ],
)
def test_a_file_is_read_in_the_dialect_that_is_stated(
    read: Read, content: str | bytes, settings: dict[str, Any]
) -> None:
    dataset = read(content, **settings)
    first = 1500.5 if "thousands" in settings else 1.5
    features = dataset.tensors()["features"]
    assert np.array_equal(features, [[first], [2], [np.nan]], equal_nan=True)
    assert dataset.rows["town"].str.replace("  ", " ").tolist() == ["São", "b, c", "São"]
    assert dataset.target.tolist() == ["x", "z", "x"]


def test_a_format_that_is_stated_for_files_of_two_formats_may_be_left_out(read: Read) -> None:
    message = (
        'holds JSON objects; write format = "jsonl" under [data], or no format if others are CSV: '
        "then each suffix names its own"
    )
    assert details(lambda: read('{"a": 1, "y": "x"}\n', format="csv")) == [message]


def test_utf_8_that_is_read_as_cp1252_is_noticed(read: Read) -> None:
    message = 'is UTF-8; remove encoding = "cp1252" under [data]'
    assert details(lambda: read(ROWS, encoding="cp1252")) == [message]


@pytest.mark.parametrize(
    ("values", "settings", "expected"),
    [
        pytest.param(
            ("1,5", "2"),
            {},
            'holds numbers with a decimal comma such as "1,5"; under [data] write decimal = ","',
            id="comma",
        ),
        pytest.param(
            ("1.234,5", "2"),
            {},
            'holds numbers with a decimal comma such as "1.234,5"; '
            'under [data] write decimal = "," and thousands = "."',
            id="comma-and-thousands",
        ),
        pytest.param(
            ("1,234.5", "2"),
            {},
            'holds numbers such as "1,234.5"; under [data] write thousands = ","',
            id="thousands",
        ),
        pytest.param(
            ("1,234", "1", "2.5", "?"),
            {},
            'holds numbers such as "1,234"; under [data] write thousands = ","',
            id="some-thousands",
        ),
        pytest.param(
            ("1,234", "744"),
            {},
            'holds numbers such as "1,234"; under [data] write thousands = "," if the comma '
            'separates thousands, or decimal = "," if it begins the fraction',
            id="either",
        ),
        pytest.param(
            ("1.264,03", "264,03", "5,1", "7"),
            {"decimal": ","},
            'holds numbers such as "1.264,03"; under [data] write thousands = "."',
            id="some-thousands-by-points",
        ),
        pytest.param(
            ("1.264.030", "1.264", "744"),
            {},
            'holds numbers such as "1.264.030"; under [data] write decimal = "," and '
            'thousands = "."',
            id="millions",
        ),
        pytest.param(
            ("1.25", "2.5"),
            {"decimal": ","},
            'holds numbers with a decimal point such as "1.25"; under [data] write decimal = "."',
            id="point",
        ),
    ],
)
def test_numbers_in_another_notation_are_no_categories(
    read: Read, values: tuple[str, str], settings: dict[str, str], expected: str
) -> None:
    content = "a;y\n" + "".join(f"{value};x\n" for value in values)
    assert details(lambda: read(content, separator=";", **settings)) == [expected]


@pytest.mark.parametrize(
    ("row", "settings", "decimal"),
    [("2.5;1,5;x", {}, ","), ("2,5;1.5;x", {"decimal": ","}, "."), ("2.5;1;1,5", {}, ",")],
    ids=["comma", "point", "target"],
)
def test_the_other_columns_decide_which_sign_begins_a_fraction(
    read: Read, row: str, settings: dict[str, str], decimal: str
) -> None:
    (problem,) = details(lambda: read(f"a;b;y\n{row}\n{row}\n", separator=";", **settings))
    assert (
        f'under [data] write decimal = "{decimal}" if all columns are written so; '
        "convert it in `load` (data.py) otherwise"
    ) in problem


def test_a_target_in_another_notation_is_no_label(read: Read) -> None:
    content = "a;y\n" + "".join(f"{i % 3};{i}.264,03\n" for i in range(1, 9))
    assert details(lambda: read(content, separator=";", decimal=",")) == [
        'holds numbers such as "1.264,03"; under [data] write thousands = ".", or '
        'dtypes = { y = "category" } if these are labels'
    ]
    kept = read(content, separator=";", decimal=",", dtypes={"y": "category"})
    assert kept.target[0] == "1.264,03"
    assert read(content, separator=";", decimal=",", thousands=".").target[0] == 1264.03


def test_words_beside_thousands_that_are_stated_are_named(read: Read) -> None:
    content = 'a;y\n"1,234";x\n"2,345";x\nnone;x\n'
    (problem,) = details(lambda: read(content, separator=";", thousands=","))
    assert problem.startswith('holds numbers mixed with text: 1 value such as "none"')


def test_what_pandas_writes_for_a_missing_value_is_one_in_numbers_and_in_texts(read: Read) -> None:
    dataset = read("a,b,y\n1,NA,x\nNA,q,z\n3,r,x\n")
    assert dataset.nullable() == {"a", "b"}
    assert [each.dtype for each in dataset.describe()] == ["integer", "category"]
    assert dataset.warnings == (
        (
            "b",
            'read as missing: 1 "NA"; under [data] write missing = ["NA"] if that is right, '
            "or missing = [] if it is a value",
        ),
    )


@pytest.mark.parametrize(
    ("missing", "categories"),
    [((), ("NA", "q", "r")), (("NA",), ("q", "r")), (("q",), ("NA", "r"))],
)
def test_missing_values_that_are_stated_replace_the_others(
    read: Read, missing: tuple[str, ...], categories: tuple[str, ...]
) -> None:
    dataset = read("b,y\nNA,x\nq,z\nr,x\n", missing=missing)
    assert dataset.describe()[0].categories == categories
    assert dataset.warnings == ()


def test_a_new_marker_is_named_beside_those_that_the_file_has(read: Read) -> None:
    content = "a,b,y\n1,?,x\nNA,2,x\n3,7,x\n"
    assert details(lambda: read(content)) == [
        'holds numbers mixed with text: 1 value such as "?"; under [data] write '
        'missing = ["NA", "?"] if that is a missing value, or dtypes = { b = "category" }'
    ]
    dataset = read(content, missing=("NA", "?"))
    assert dataset.nullable() == {"a", "b"}


def test_numbers_with_leading_zeros_stay_texts(read: Read) -> None:
    zips = "zip,n,y\n01067,10,x\n99999,20,z\n"
    code, number = read(zips).describe()
    assert (code.categories, number.dtype) == (("01067", "99999"), "integer")
    assert read(zips, dtypes={"zip": "integer"}).rows["zip"].tolist() == [1067, 99999]


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.ndjson", "rows.json"])
def test_json_lines_are_read_with_their_types(read: Read, name: str) -> None:
    lines = [
        '{"n": 1, "x": 1.5, "code": "01", "sure": true, "y": "x"}',
        '{"n": null, "x": 2, "code": "NA", "y": "z"}',
    ]
    dataset = read("\n".join(lines), name)
    dtypes = {each.name: each.dtype for each in dataset.describe()}
    assert dtypes == {"n": "integer", "x": "number", "code": "category", "sure": "boolean"}
    assert dataset.nullable() == {"n", "code", "sure"}


def test_lines_that_are_no_json_objects_are_named(read: Read, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError) as caught:
        read('{"a": 1, "y": "x"}\n[1]\n{bad\n', "rows.jsonl")
    path = tmp_path / "rows.jsonl"
    assert [each.pointer for each in caught.value.errors] == [f"{path}, line 2", f"{path}, line 3"]


COLUMNS = pd.DataFrame({"a": [1, 2], "y": ["x", "z"]})


@pytest.mark.parametrize(
    "content",
    [
        COLUMNS.to_json(),
        COLUMNS.to_json(indent=2),
        COLUMNS.to_json(orient="records"),
        COLUMNS.to_json(orient="split"),
    ],
    ids=["columns", "lines", "records", "split"],
)
def test_json_of_another_orientation_says_how_pandas_writes_lines(read: Read, content: str) -> None:
    (detail,) = details(lambda: read(content, "rows.json"))
    assert detail.endswith(
        "write an object on each line instead, with pandas by "
        'frame.to_json(path, orient="records", lines=True)'
    )
    lines = COLUMNS.to_json(orient="records", lines=True)
    assert read(lines, "rows.json").rows["a"].tolist() == [1, 2]


def test_compressed_json_lines_are_recognised(read: Read) -> None:
    compressed = bz2.compress(b'{"a": 1, "y": "x"}')
    assert details(lambda: read(compressed, format="jsonl")) == [
        "is compressed by bzip2; decompress it, or compress it by gzip"
    ]


def test_parquet_is_read_with_its_types(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    path = tmp_path / "rows.parquet"
    frame = pd.DataFrame({"n": pd.array([1, None, 3], "Int64"), "t": ["q", "01", "q"]})
    frame.assign(y=["x", "z", "x"]).to_parquet(path)
    dataset = Table.read(DataSection(path=path, target="y"))
    assert [each.dtype for each in dataset.describe()] == ["integer", "category"]
    assert dataset.nullable() == {"n"}


def test_decimals_and_half_precision_numbers_of_parquet_are_numbers(tmp_path: Path) -> None:
    pyarrow, path = pytest.importorskip("pyarrow"), tmp_path / "rows.parquet"
    prices = [Decimal("1.50"), None, Decimal("2.25"), Decimal("1.50")]
    columns = {
        "price": pyarrow.array(prices, pyarrow.decimal128(10, 2)),
        "half": np.array([1, 2, 3, 1], np.float16),
        "y": pyarrow.array(prices[:1] * 4, pyarrow.decimal256(40, 2)),
    }
    pytest.importorskip("pyarrow.parquet").write_table(pyarrow.table(columns), path)
    table = Table.read(DataSection(path=path, target="y"))
    assert table.rows["price"].tolist() == [1.5, pd.NA, 2.25, 1.5]
    assert [each.dtype for each in table.describe()] == ["number", "number"]
    assert table.target.tolist() == [1.5] * 4
    assert count_copies(table.take(np.array([0])), table.take(np.array([1, 3]))) == 1


def test_parquet_without_its_library_says_what_to_install(
    read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    way_out = (
        "pyarrow is not installed. In pyproject.toml, add parquet to those in the brackets behind "
        "modelserve in `training`, then run `uvx nox -s lock` and `uvx nox -s dev`."
    )
    with pytest.raises(TrainingError, match=re.escape(way_out)):
        read(b"PAR1", "rows.parquet")


GROUPED = ["1.466", "744", "1.250", "2.031", "98"]


@pytest.mark.parametrize(
    ("content", "settings"),
    [
        pytest.param("a;y\n" + ";x\n".join(GROUPED) + ";x\n", {}, id="feature"),
        pytest.param("y;a\n" + ";x\n".join(GROUPED) + ";x\n;x\n", {}, id="gap"),
        pytest.param(
            ("a;y\n" + ";x\n".join(GROUPED) + ";x\n").replace(".", ","),
            {"decimal": ","},
            id="comma",
        ),
    ],
)
def test_thousands_that_are_read_as_fractions_are_reported(
    read: Read, content: str, settings: dict[str, str]
) -> None:
    name, sign = content[0], settings.get("decimal", ".")
    target = "y" if name == "a" else "a"
    dataset = read(content, separator=";", target=target, **settings)
    other = "," if sign == "." else "."
    assert dataset.warnings == (
        (
            name,
            f'"1{sign}466" is read as a fraction, and "744" as a larger number; under [data] write '
            f'decimal = "{other}" and thousands = "{sign}" if "{sign}" separates thousands, or '
            f'dtypes = {{ {name} = "number" }} if these are fractions',
        ),
    )
    stated = {name: "number"}
    assert read(content, separator=";", target=target, dtypes=stated, **settings).warnings == ()
    ways = {"decimal": other, "thousands": sign}
    fixed = read(content, separator=";", target=target, **ways)
    assert fixed.warnings == ()
    assert fixed.rows[name].dropna().tolist() == [1466, 744, 1250, 2031, 98]


def test_thousands_in_the_target_are_reported(read: Read) -> None:
    rows = "".join(f"{place % 3};{value}\n" for place, value in enumerate(GROUPED))
    (warning,) = read(f"a;y\n{rows}", separator=";").warnings
    assert warning.pointer == "y"
    assert "thousands" in warning.detail


@pytest.mark.parametrize(
    "values",
    [
        pytest.param(["0.125", "0.250", "1.375", "2.500", "744"], id="leading-zero"),
        pytest.param(["1.125", "2.25", "3.375", "4.125", "744"], id="two-decimals"),
        pytest.param(["1.125", "2.250", "744"], id="few"),
        pytest.param(["1.125", "2.250", "4.125", "1e2"], id="exponent"),
        pytest.param(["1.125", "2.250", "4.125", "1744"], id="four-digits"),
    ],
)
def test_fractions_are_not_taken_for_thousands(read: Read, values: list[str]) -> None:
    assert read("a;y\n" + ";x\n".join(values) + ";x\n", separator=";").warnings == ()


def test_thousands_are_looked_for_in_all_files_of_a_folder(read: Read, tmp_path: Path) -> None:
    rows = "".join(f"{value},x\n" for value in GROUPED)
    (tmp_path / "0.csv").write_text("a,y\n1,x\n2,z\n", encoding="utf-8")
    (warning,) = read(f"a,y\n{rows}", path=tmp_path).warnings
    assert '"1.466" is read as a fraction, and "744" as a larger number' in warning.detail


def test_a_sign_that_begins_fractions_in_another_column_separates_no_thousands(read: Read) -> None:
    rows = "".join(f"{value};{place}.5;x\n" for place, value in enumerate(GROUPED))
    assert read(f"a;b;y\n{rows}", separator=";").warnings == ()
    assert read(f"a;b;y\n{rows}", separator=";", drop=("b",)).warnings == ()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with two CSV files, in which a column is numbers, and text in the other."""
    path = tmp_path / "many"
    path.mkdir()
    (path / "1.csv").write_text("a,b,y\n1,2,x\n2,3.50,z\n", encoding="utf-8")
    (path / "2.csv").write_text("b,a,y\nq,1,x\nr,2,z\n", encoding="utf-8")
    (path / "notes.md").write_text("no rows", encoding="utf-8")
    return path


def test_several_files_are_read_as_one(folder: Path) -> None:
    for paths in (folder, folder / "*.csv", (folder / "1.csv", folder / "2.csv")):
        rows = Table.read(DataSection(path=paths, target="y")).rows
        assert rows.to_dict("list") == {"a": [1, 2, 1, 2], "b": ["2", "3.50", "q", "r"]}


def test_files_with_other_columns_are_named(folder: Path) -> None:
    (folder / "3.csv").write_text("b,c,y\nq,1,x\n", encoding="utf-8")
    with pytest.raises(InvalidInputError) as caught:
        Table.read(DataSection(path=folder, target="y"))
    assert caught.value.errors == (
        (
            str(folder / "3.csv"),
            "other columns than 1.csv: lacks a; also has c; if `load` in data.py makes one of the "
            "other, let it take files with either (vendor/modelserve/docs/data.md#retraining)",
        ),
    )


def test_every_path_without_a_file_is_named(tmp_path: Path) -> None:
    paths = (tmp_path / "none.csv", tmp_path / "q*.csv", tmp_path)
    assert details(lambda: Table.read(DataSection(path=paths, target="y"))) == [
        "cannot be read: no such file or folder",
        "cannot be read: no file fits this pattern",
        "cannot be read: the folder has no file that ends in .csv, .tsv, .json, .jsonl, "
        ".jsonlines, .ndjson, .parquet, .pq",
    ]


def test_other_data_are_read_under_the_schema_of_the_model(read: Read, tmp_path: Path) -> None:
    # Training saw "1.50" and "x" in `code`; this file has numbers only, and dates beside.
    features = (
        Feature(name="code", dtype="category", categories=("1.50", "x"), example="x"),
        Feature(name="n", dtype="integer", minimum=1, maximum=30, example=1),
    )
    path = tmp_path / "newer.csv"
    rows = "".join(f"1.50,{n:02},2026-01-{n:02},x\n" for n in range(1, 31))
    path.write_text(f"code,n,when,y\n{rows}", encoding="utf-8")
    section = DataSection(path=tmp_path, target="y", drop=("id",), format="jsonl")
    dataset = Table.read(section.other_files(path, features))
    assert set(dataset.rows["code"]) == {"1.50"}
    assert dataset.rows["n"].tolist() == list(range(1, 31))
    assert list(dataset.rows) == ["code", "n"]


def test_the_dialect_is_that_of_the_configuration() -> None:
    plain = DataSection(path=Path("rows.csv"), target="y")
    assert plain.dialect(()) == Dialect()
    assert plain.dialect(Table.missing).missing == ("", *Table.missing)
    stated = DataSection(path=Path("r"), target="y", separator=";", decimal=",", missing=("?",))
    assert stated.dialect(Table.missing) == Dialect(separator=";", decimal=",", missing=("", "?"))


@pytest.mark.parametrize(
    "settings",
    [
        {"separator": "ab"},
        {"separator": ""},
        {"decimal": ";"},
        {"encoding": "none"},
        {"decimal": ",", "thousands": ","},
        {"dtypes": {"a": "text"}},
        {"format": "xlsx"},
    ],
    ids=str,
)
def test_a_setting_that_no_file_has_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        DataSection(**{"path": Path("rows.csv"), "target": "y"} | settings)
