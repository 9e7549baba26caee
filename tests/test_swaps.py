"""A swap of the data leaves a project's tests green: only config/, data/ and src/ change."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import palmerpenguins
import pytest
import skl2onnx
import vega_datasets
from skl2onnx.common.data_types import FloatTensorType
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier

from tests.bakery import BakedProject
from tests.project_tools import (
    change_config,
    check_source,
    run_command,
    run_suite,
    source_path,
)

pytestmark = pytest.mark.slow

CHANGES = Path(__file__).parent / "data" / "swaps"


@dataclass(frozen=True)
class Swap:
    """A folder of tests/data/swaps, and the kind of model that it is made for.

    `export` writes a file of a package's data into a folder, as people have it.
    """

    name: str
    model: str
    linted: bool = False
    export: Callable[[Path], None] = lambda _: None


def export_barley(folder: Path) -> None:
    """Write a table as a spreadsheet does where decimals have commas."""
    table = vega_datasets.local_data.barley().rename(columns={"variety": "variété"})
    table.to_csv(folder / "barley.csv", sep=";", decimal=",", encoding="latin-1", index=False)


def export_penguins(folder: Path) -> None:
    """Write the whole table of what was noted in the field: with gaps, dates and remarks."""
    table = palmerpenguins.load_penguins_raw()
    table.to_csv(folder / "penguins.csv", na_rep="NA", index=False)


def export_stocks(folder: Path) -> None:
    """Write a JSON object a line."""
    table = vega_datasets.local_data.stocks()
    dated = table.assign(date=table["date"].dt.strftime("%Y-%m-%d"))
    dated.to_json(folder / "stocks.jsonl", orient="records", lines=True)


SWAPS = (
    Swap("penguins", "scikit-learn-classifier", linted=True),
    Swap("wine", "scikit-learn-classifier"),
    Swap("odd-names", "scikit-learn-classifier"),
    Swap("breast-cancer", "xgboost-classifier"),
    Swap("weather", "xgboost-classifier"),
    Swap("cars", "xgboost-regressor", linted=True),
    Swap("temperature", "scikit-learn-regressor"),
    Swap("texts", "huggingface-text-classifier"),
    Swap("barley", "xgboost-regressor", export=export_barley),
    Swap("clutches", "scikit-learn-classifier", export=export_penguins),
    Swap("stocks", "scikit-learn-regressor", export=export_stocks),
)


def swap_data(project: BakedProject, name: str) -> None:
    """Do to a project what a user does with data of their own."""
    changes = CHANGES / name
    change_config(project, (changes / "training.toml").read_text(encoding="utf-8"))
    for path in (changes / "src").glob("*.py"):
        shutil.copy(path, source_path(project, path.name))
    for path in (changes / "data").glob("*"):
        shutil.copy(path, project.path / "data")


@pytest.mark.parametrize("swap", [pytest.param(each, id=each.name) for each in SWAPS])
def test_the_projects_tests_pass_after_a_swap(
    bake: Callable[..., BakedProject], swap: Swap
) -> None:
    """Its linters and types, too, as far as the swap changes code."""
    project = bake(model=swap.model)
    untouched = {name: text for name, text in project.contents().items() if is_kept(name)}
    swap.export(project.path / "data")
    swap_data(project, swap.name)
    report = run_suite(project)
    assert " passed" in report
    assert "failed" not in report
    if swap.linted:
        check_source(project)
    now = project.contents()
    assert {name: now[name] for name in untouched} == untouched


def is_kept(name: str) -> bool:
    """Tell whether a swap leaves a file alone."""
    return not name.startswith(("config/", "data/", "src/"))


def test_the_projects_tests_pass_after_an_import(
    bake: Callable[..., BakedProject], tmp_path: Path
) -> None:
    """The graph is one that skl2onnx makes by default, with a label and a list of mappings."""
    project = bake(model="scikit-learn-classifier")
    flowers = load_iris(as_frame=True)
    names = flowers.target.map(dict(enumerate(flowers.target_names)))
    forest = RandomForestClassifier(10, random_state=1).fit(flowers.data.to_numpy(), names)
    graph = skl2onnx.to_onnx(forest, initial_types=[("X", FloatTensorType([None, 4]))])
    (tmp_path / "forest.onnx").write_bytes(graph.SerializeToString())
    labels = ",".join(forest.classes_)
    run_command(project, "import-onnx", str(tmp_path / "forest.onnx"), "--labels", labels)
    report = run_suite(project, "--artifact", "model")
    assert " passed" in report
    assert "failed" not in report


def test_a_swap_that_misses_its_gate_says_so(bake: Callable[..., BakedProject]) -> None:
    """By the metric, its value and its bound; nothing is written."""
    project = bake(model="scikit-learn-classifier")
    swap_data(project, "penguins")
    change_config(project, "[gate.minimum]\naccuracy = 1.0\nmacro_f1 = 0.9\n")
    said = run_command(project, "train", expected=1)
    assert "The model is not good enough: accuracy is 0." in said.replace("\n", " ")
    assert "should be >= 1. Nothing was written." in said.replace("\n", " ")
    assert "macro_f1" not in said.rpartition("error: ")[2]
    assert not (project.path / "model").exists()
    report = run_suite(project, "--no-cov", expected=1)
    assert report.count("There is no model to test. The model is not good enough: accuracy is") == 1
