"""A column that `load` makes is there in collected rows, which lack what it was made of."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from modelserve import DataSection, Table
from modelserve.errors import InvalidInputError

from tests.engine.families import LIBRARY

DAYS = [f"2026-{1 + i % 12:02d}-{1 + i % 28:02d}" for i in range(24)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with sales that have a date, and with collected ones that have a month."""
    sales = [f"{day},{i / 7},{'ab'[i % 2]}" for i, day in enumerate(DAYS)]
    (tmp_path / "1.csv").write_text("\n".join(["date,price,sold", *sales, ""]), encoding="utf-8")
    (tmp_path / "2.csv").write_text("price,month,sold\n1.5,12,a\n2.5,3,b\n", encoding="utf-8")
    return tmp_path


@pytest.fixture
def load() -> Callable[[DataSection], Table]:
    """Return the last `load` that the page on data shows."""
    page = (LIBRARY / "docs" / "data.md").read_text(encoding="utf-8")
    snippet = re.findall(r"(?s)```python\n(.*?)```", page)[-1]
    names: dict[str, Any] = {}
    exec(snippet, names)  # pylint: disable=exec-used  # the page's own code
    return names["load"]


@pytest.mark.parametrize("path", [["1.csv", "2.csv"], ["2.csv", "1.csv"], ["1.csv"]])
def test_the_documented_load_takes_both(
    folder: Path, load: Callable[[DataSection], Table], path: Sequence[str]
) -> None:
    section = DataSection(path=tuple(folder / name for name in path), target="sold", drop=("date",))
    months = {"1.csv": [int(day[5:7]) for day in DAYS], "2.csv": [12, 3]}
    table = load(section)
    assert table.rows["month"].tolist() == [month for name in path for month in months[name]]
    assert {each.name: each.dtype for each in table.describe()} == {
        "month": "integer",
        "price": "number",
    }
    other = load(section.other_files(folder / "2.csv", table.describe()))
    assert other.rows["month"].tolist() == months["2.csv"]


@pytest.mark.parametrize("path", [["1.csv", "2.csv"], ["2.csv", "1.csv"]])
def test_codes_of_digits_stay_texts_where_one_file_has_no_leading_zeros(
    folder: Path, load: Callable[[DataSection], Table], path: Sequence[str]
) -> None:
    for name, code in (("1.csv", "01310"), ("2.csv", "20040")):
        head, *rows = (folder / name).read_text(encoding="utf-8").splitlines()
        lines = [f"zip,{head}", *(f"{code},{row}" for row in rows)]
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    section = DataSection(path=tuple(folder / name for name in path), target="sold", drop=("date",))
    assert set(load(section).rows["zip"]) == {"01310", "20040"}


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("price,date,month,sold", "also has month"),
        ("price,month,sold", "lacks date; also has month; if `load` in data.py makes one of the "),
        ("date,sold", "lacks price"),
    ],
)
def test_a_column_that_is_not_used_is_named_beside_a_further_one(
    folder: Path, header: str, said: str
) -> None:
    (folder / "2.csv").write_text(f"{header}\n", encoding="utf-8")
    section = DataSection(path=folder, target="sold", drop=("date",))
    with pytest.raises(InvalidInputError) as caught:
        Table.read_frame(section)
    ((pointer, detail),) = caught.value.errors
    assert pointer == str(folder / "2.csv")
    assert detail.startswith(f"other columns than 1.csv: {said}")
    assert ("docs/data.md#retraining" in detail) == ("load" in said)
