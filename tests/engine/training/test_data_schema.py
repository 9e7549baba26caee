"""Data are checked against the schema beside the configuration, if there is one."""

import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from modelserve import Project, Table
from modelserve.errors import ConfigurationError, InvalidInputError
from modelserve.training.config import Config, load_config
from modelserve.training.data_schema import DataSchema, check_schema, write_schema
from modelserve.training.splits import load_dataset, load_splits
from modelserve.training.text.texts import Texts

CONFIG = """\
task = "{task}"
seed = 1
description = "A model."
data = {{path = "data.csv", target = "y"{data}}}
split = {{test_size = 0.25}}
gate = {{}}
limits = {{size_bytes = 1000, prediction_ms = 2}}
reference = {{bins = 4, golden_cases = 3}}
card = {{intended_use = "To be tried.", limitations = "Anything else."}}
"""
FRAME = pd.DataFrame(
    {
        "size": [0.5, 1.5, -2.0, 3.0] * 5,
        "count": [1, 2, 3, 4] * 5,
        "plan": ["free", "paid", None, "free"] * 5,
        "new": [True, False] * 10,
        'odd "name".\x7f é': [7, 8] * 10,
        "y": ["a", "b"] * 10,
    }
)

Make = Callable[..., tuple[Project, Config]]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Return a function that writes data and a configuration, and returns who reads them."""

    def write(
        frame: pd.DataFrame, *, task: str = "classifier", data: str = "", of: Any = Table
    ) -> Any:
        frame.to_csv(tmp_path / "data.csv", index=False)
        path = tmp_path / "config" / "training.toml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(CONFIG.format(task=task, data=data), encoding="utf-8")
        project = Project("nowhere")
        monkeypatch.setattr(project, "load", of.read)
        return project, load_config(path)

    return write


def declare(project: Project, config: Config) -> Path:
    """Write the schema of the data as they are."""
    return write_schema(load_dataset(project, config)[0], config)


def violations(project: Project, config: Config) -> list[str]:
    """Return what the data violate, without the way out."""
    with pytest.raises(InvalidInputError) as caught:
        load_splits(project, config)
    lines = [each.line for each in caught.value.errors]
    assert all(line.endswith("; edit config/schema.toml, or the data") for line in lines)
    return [line.removesuffix("; edit config/schema.toml, or the data") for line in lines]


def test_without_a_schema_any_data_are_taken(make: Make) -> None:
    project, config = make(FRAME)
    assert sum(map(len, load_splits(project, config))) == len(FRAME)


def test_a_written_schema_is_read_back_and_fits_its_data(make: Make) -> None:
    project, config = make(FRAME)
    path = declare(project, config)
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    assert DataSchema.model_validate(content).version == 1
    assert content["columns"] == {
        "size": {"dtype": "number", "minimum": -2.0, "maximum": 3.0},
        "count": {"dtype": "integer", "minimum": 1, "maximum": 4},
        "plan": {
            "dtype": "category",
            "nullable": True,
            "max_missing": 0.25,
            "categories": ["free", "paid"],
        },
        "new": {"dtype": "boolean"},
        'odd "name".\x7f é': {"dtype": "integer", "minimum": 7, "maximum": 8},
        "y": {"dtype": "category", "categories": ["a", "b"]},
    }
    load_splits(project, config)


def test_the_share_of_missing_values_is_rounded_up(make: Make) -> None:
    project, config = make(FRAME.head(14).assign(plan=["free", None, *["paid"] * 12]))
    path = declare(project, config)
    assert "max_missing = 0.08" in path.read_text(encoding="utf-8")
    load_splits(project, config)


def test_an_infinite_target_is_above_its_maximum(make: Make) -> None:
    project, config = make(FRAME.assign(y=[0.5, 1.0, 1.5, 1.0] * 5), task="regressor")
    declare(project, config)
    infinite = pd.Series([*[1.5] * 19, float("inf")])
    with pytest.raises(InvalidInputError) as caught:
        check_schema(Table(FRAME.drop(columns="y"), infinite), config)
    (problem,) = caught.value.errors
    assert "above maximum = 1.5: the value inf" in problem.line


def test_every_violation_is_named_at_once(make: Make) -> None:
    project, config = make(FRAME)
    declare(project, config)
    changed = FRAME.assign(
        size=[*FRAME["size"][:-2], None, 9.5],
        count=[*FRAME["count"][:-3], 2.5, 0, 3],
        plan=[None, *["<b>", "gold", "free", "x"], *[None] * 8, *["free"] * 7],
        new=["yes", "no"] * 10,
        y=["a", "b"] * 9 + ["c", "c"],
        extra=1.0,
    ).drop(columns='odd "name".\x7f é')
    make(changed)
    assert violations(project, config) == [
        "size: 1 value (the first in row 19) missing, and nullable is false",
        "size: 1 value (the first in row 20) above maximum = 3.0: the value 9.5",
        "count: 1 value (the first in row 18) with a fraction, and dtype is integer: the value 2.5",
        "count: 1 value (the first in row 19) below minimum = 1.0: the value 0",
        "plan: 45.0% are missing, and max_missing is 25.0%",
        'plan: 3 values (the first in row 2) not in categories: "<b>", "gold", "x"',
        "new: holds text, and dtype is boolean",
        'odd "name".\x7f é: no such column in the data, and the schema has it',
        'y: 2 values (the first in row 19) not in categories: "c"',
        "extra: is not in the schema",
    ]


def test_an_edited_schema_allows_more(make: Make) -> None:
    project, config = make(FRAME)
    path = declare(project, config)
    make(FRAME.assign(size=[*FRAME["size"][:-1], 99.0]))
    assert violations(project, config)
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("maximum = 3.0", "maximum = 100"), encoding="utf-8")
    load_splits(project, config)


def test_the_values_of_a_regressor_are_bounded(make: Make) -> None:
    frame = FRAME.assign(y=[-1.5 * i for i in range(20)])
    project, config = make(frame, task="regressor")
    declare(project, config)
    make(frame.assign(y=[-1.5 * i for i in range(19)] + [-100.0]), task="regressor")
    assert violations(project, config) == [
        "y: 1 value (the first in row 20) below minimum = -28.5: the value -100"
    ]


def test_labels_that_are_numbers_are_the_same_labels(make: Make) -> None:
    project, config = make(FRAME.assign(y=[0, 1] * 10))
    declare(project, config)
    make(FRAME.assign(y=[0.0, 1.0] * 10))
    load_splits(project, config)
    make(FRAME.assign(y=[0, 2] * 10))
    assert violations(project, config) == [
        'y: 10 values (the first in row 2) not in categories: "2"'
    ]


def test_of_texts_the_length_is_bounded(make: Make) -> None:
    frame = pd.DataFrame({"text": ["good", "not good"] * 5, "y": ["a", "b"] * 5})
    project, config = make(frame, of=Texts)
    declare(project, config)
    make(frame.assign(text=["good", "not good"] * 4 + ["no", "very good"]), of=Texts)
    assert violations(project, config) == [
        "text: 1 value (the first in row 9) below minimum = 4.0: the length 2",
        "text: 1 value (the first in row 10) above maximum = 8.0: the length 9",
    ]


def test_of_an_artifacts_data_only_its_own_columns_are_checked(make: Make) -> None:
    project, config = make(FRAME)
    declare(project, config)
    other = load_dataset(project, config)[0]
    taken = Table(other.rows[["size"]], other.target)  # type: ignore[attr-defined]
    check_schema(taken, config, only=["size"])
    with pytest.raises(InvalidInputError) as caught:
        check_schema(taken, config)
    assert len(caught.value.errors) == 4


def test_an_existing_schema_is_not_overwritten(make: Make) -> None:
    project, config = make(FRAME)
    before = declare(project, config).read_bytes()
    with pytest.raises(ConfigurationError, match=r"schema.toml exists; delete it") as caught:
        declare(project, config)
    assert declare_path(config).read_bytes() == before
    assert str(declare_path(config)) in str(caught.value)


def declare_path(config: Config) -> Path:
    """Return where the schema lies."""
    assert config.file
    return config.file.path.with_name("schema.toml")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        pytest.param("version = 1\ncolumns = {}\n", "columns: ", id="no column"),
        pytest.param("version = 2\n[columns.x]\ndtype = 'text'\n", "version: ", id="version"),
        pytest.param("version = 1\n[columns.x]\ndtype = 'int'\n", "columns.x.dtype", id="dtype"),
        pytest.param(
            "version = 1\n[columns.x]\ndtype = 'number'\nmax_missing = 0.5\n",
            "max_missing needs nullable = true",
            id="share without gaps",
        ),
        pytest.param(
            "version = 1\n[columns.x]\ndtype = 'number'\ncategories = ['a']\n",
            'categories need dtype = "category"',
            id="categories of a number",
        ),
        pytest.param(
            "version = 1\n[columns.x]\ndtype = 'boolean'\nminimum = 0\n",
            "minimum and maximum are for numbers",
            id="range of a boolean",
        ),
        pytest.param("columns = [", "cannot be read", id="no TOML"),
    ],
)
def test_an_invalid_schema_is_refused(make: Make, text: str, complaint: str) -> None:
    project, config = make(FRAME)
    declare_path(config).write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=re.escape(complaint)):
        load_splits(project, config)
