"""Numbers that differ and are the same as float32 are refused, unless the loss is none."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from modelserve.errors import InvalidDataError
from modelserve.training.sections import DataSection
from modelserve.training.table.float32 import find_merged_numbers
from modelserve.training.table.table import Table

COUNT = 600
STEPS = np.arange(COUNT)
RANDOM = np.random.default_rng(0)
NORMAL = RANDOM.normal(size=100_000)
SCALE = "subtract a start from them, or scale them, in `load` (data.py); under [data] write drop"


@pytest.mark.parametrize(
    ("values", "way_out"),
    [
        pytest.param((1.7e9 + STEPS / 100).round(2), SCALE, id="unix-times"),
        pytest.param((2_460_000 + STEPS / 1e5).round(6), SCALE, id="julian-days"),
        pytest.param(10.0 ** -(STEPS / 500 + 46), SCALE, id="tiny"),
        pytest.param(10.0 ** -RANDOM.uniform(0, 300, COUNT), SCALE, id="p-values"),
        pytest.param([*(1.7e9 + STEPS / 100), 0.0, -1.0], SCALE, id="outliers"),
        pytest.param([*(1e9 + 3 * STEPS), 0.5], 'index = "x", or drop', id="ids-and-a-fraction"),
        pytest.param([2**63 + i for i in range(COUNT)], 'index = "x", or drop', id="unsigned"),
    ],
)
def test_numbers_that_a_model_cannot_tell_apart_are_refused(values: Any, way_out: str) -> None:
    column = pd.Series(values)
    found = find_merged_numbers("x", column)
    assert found is not None
    assert way_out in found.error.detail
    assert f"({len(column)} different ones become" in found.problem
    assert 'dtypes = { x = "number" } if rounding is harmless' in found.error.detail


@pytest.mark.parametrize(
    "values",
    [
        pytest.param(np.where(STEPS % 2, 0.1 + 0.2, 0.3), id="noise-around-one-number"),
        pytest.param(np.cumsum(np.full(COUNT, 0.1)), id="sums"),
        pytest.param((STEPS % 49 + 1) / (STEPS % 37 + 1), id="ratios"),
        pytest.param(RANDOM.uniform(size=500_000), id="many-fractions"),
        pytest.param(np.exp(5 * NORMAL), id="skewed"),
        pytest.param(10.0 ** (8 * NORMAL).clip(-30, 30), id="many-magnitudes"),
        pytest.param(np.exp(20 + 2 * NORMAL).round(2), id="money"),
        pytest.param(101_325 + 800 * NORMAL, id="pressures"),
        pytest.param(273.15 + 0.05 * NORMAL, id="temperatures"),
        pytest.param(-23.55 + 0.05 * NORMAL, id="latitudes"),
        pytest.param(2_460_000.5 + STEPS, id="days"),
        pytest.param([0.5, np.nan], id="one-number"),
    ],
)
def test_ordinary_numbers_are_taken(values: Any) -> None:
    assert find_merged_numbers("x", pd.Series(values)) is None


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param("1,2\ninf,3\n-inf,4\n", ["inf", "-inf"], id="both"),
        pytest.param("1,2\n1e400,3\n2,4\n", ["inf"], id="beyond-float64"),
    ],
)
def test_infinite_numbers_may_be_missing_values(
    content: str, expected: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(f"a,y\n{content}")
    markers = f"missing = {json.dumps(expected)}"
    for target, way_out in (
        ("y", f'{markers} if that is a missing value, or drop = ["a"]'),
        ("a", f"{markers} and drop_missing_target = true to leave such rows out"),
    ):
        with pytest.raises(InvalidDataError) as caught:
            Table.read(DataSection(path=path, target=target))
        ((name, detail),) = caught.value.errors
        assert (name, detail.rpartition("write ")[2]) == ("a", way_out)
        assert "first in row 2: inf" in detail
        stated = DataSection(
            path=path, target=target, missing=tuple(expected), drop_missing_target=True
        )
        assert len(Table.read(stated)) == (3 if target == "y" else 3 - len(expected))


def test_infinite_numbers_of_parquet_files_may_be_missing_values(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    path = tmp_path / "rows.parquet"
    pd.DataFrame({"a": [1.5, np.inf, 2.5], "y": ["p", "q", "p"]}).to_parquet(path)
    table = Table.read(DataSection(path=path, target="y", missing=("inf",)))
    assert table.nullable() == {"a"}


@pytest.mark.parametrize("target", [[*range(99), np.inf], [*range(99), 1e200]], ids=str)
def test_a_target_that_float32_cannot_hold_is_named_without_a_warning(target: Any) -> None:
    with pytest.raises(InvalidDataError) as caught:
        Table.from_frame(pd.DataFrame({"a": NORMAL[:100], "y": target}), target="y")
    ((name, detail),) = caught.value.errors
    assert name == "y"
    assert "1 value is larger than float32 can hold, first in row 100: " in detail
