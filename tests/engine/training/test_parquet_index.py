"""The index of a data frame in a Parquet file is read as columns if it has a name."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from modelserve.errors import InvalidInputError
from modelserve.training.sections import DataSection
from modelserve.training.table.table import Table

pytest.importorskip("pyarrow")

COUNT = 60
ROWS = pd.DataFrame(
    {
        "unit": [f"u{i}" for i in range(COUNT)],
        "year": [2000 + i % 5 for i in range(COUNT)],
        "x": np.random.default_rng(0).random(COUNT),
        "y": ["a", "b"] * (COUNT // 2),
    }
)


def read(path: Path, frame: pd.DataFrame, **settings: Any) -> Table:
    """Return the rows of a frame that went through a Parquet file."""
    frame.to_parquet(path / "rows.parquet")
    return Table.read(DataSection(path=path / "rows.parquet", target="y", **settings))


def test_the_named_levels_of_an_index_are_columns(tmp_path: Path) -> None:
    dataset = read(tmp_path, ROWS.set_index(["unit", "year"]), index="unit")
    assert dataset.rows.columns.tolist() == ["year", "x"]
    assert dataset.rows["year"].tolist() == ROWS["year"].tolist()


def test_the_keys_of_groups_are_columns(tmp_path: Path) -> None:
    groups = ROWS.groupby(["year", "y"]).agg({"x": ["mean", "max"]}).reset_index("y")
    groups.columns = groups.columns.map("".join)
    assert read(tmp_path, groups).rows.columns.tolist() == ["year", "xmean", "xmax"]


def test_columns_of_several_levels_stay_beside_an_index(tmp_path: Path) -> None:
    wide = ROWS.groupby("year").agg({"x": ["mean", "max"]})
    path = tmp_path / "rows.parquet"
    wide.to_parquet(path)
    frame = Table.read_frame(DataSection(path=path, target="y"))
    assert frame.columns.tolist() == ["year", "('x', 'mean')", "('x', 'max')"]


def test_a_named_range_is_a_column(tmp_path: Path) -> None:
    ranged = ROWS.set_index(pd.RangeIndex(5, 5 + 2 * COUNT, 2, name="step"))
    assert read(tmp_path, ranged, index="unit").rows["step"].tolist() == list(
        range(5, 5 + 2 * COUNT, 2)
    )


@pytest.mark.parametrize("levels", [[None], [None, "year"]], ids=["alone", "beside another"])
def test_an_index_without_a_name_is_no_column(tmp_path: Path, levels: list[str | None]) -> None:
    frame = ROWS.set_index(["unit", "year"][: len(levels)]).rename_axis(levels)
    dataset = read(tmp_path, frame, drop=("x",))
    assert dataset.rows.columns.tolist() == ["year"]


def test_row_numbers_that_another_program_kept_are_no_column(tmp_path: Path) -> None:
    frame = ROWS.assign(__index_level_0__=range(7, 7 + COUNT)).drop(columns="unit")
    assert read(tmp_path, frame).rows.columns.tolist() == ["year", "x"]


def test_an_index_and_a_column_of_one_name_are_refused(tmp_path: Path) -> None:
    frame = ROWS.set_index("year", drop=False)
    with pytest.raises(InvalidInputError) as caught:
        read(tmp_path, frame)
    assert [each.detail for each in caught.value.errors] == [
        'an index and another column are named "year"; rename one of them'
    ]
