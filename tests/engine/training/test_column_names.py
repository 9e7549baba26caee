"""A column may have any name: also one that a library uses for something else."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from modelserve.training.frames import with_columns
from modelserve.training.train import train

from tests.engine.families import Family

NAMES = ("self", "index", "values", "columns")


def test_a_column_called_self_is_replaced_and_the_frame_stays() -> None:
    frame = pd.DataFrame({"self": [1], "other": [2]})
    changed = with_columns(frame, {"self": [3]})
    assert changed.to_dict("list") == {"self": [3], "other": [2]}
    assert frame["self"].tolist() == [1]


@pytest.mark.parametrize("missing", [False, True], ids=["complete", "with-gaps"])
def test_a_table_with_names_of_methods_is_trained(
    family: Family, tmp_path: Path, missing: bool
) -> None:
    table = pd.read_csv(family.root / "data" / "iris.csv")
    table.columns = [*NAMES, "species"]
    if missing:
        table.loc[::9, "self"] = None
        table["index"] = table["index"].round().map(lambda value: f"about {value:g}")
    path = tmp_path / "odd.csv"
    table.to_csv(path, index=False)
    section = family.config.data.model_copy(update={"path": path})
    config: Any = family.config.model_copy(update={"data": section})
    run = train(family.project, config, tmp_path / "model")
    assert [each.name for each in run.artifact.manifest.features] == [*NAMES]
