"""What stood for a missing value in the training data does so in a batch."""

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from modelserve import Project
from modelserve.artifact import Artifact
from modelserve.batch import BatchPredictor
from modelserve.manifest import Dialect, Feature
from modelserve.types import Outputs, Tensors

from tests.engine.batch.files import read, rejected, write_lines

Make = Callable[..., tuple[BatchPredictor, "Recorder"]]
FEATURES = (
    Feature(name="width", dtype="number", minimum=0, maximum=9, example=1, nullable=True),
    Feature(name="count", dtype="integer", minimum=0, maximum=9999, example=1, nullable=True),
    Feature(name="wet", dtype="boolean", minimum=0, maximum=1, example=1, nullable=True),
    Feature(name="town", dtype="category", categories=("a",), example="a", nullable=True),
    Feature(name="must", dtype="number", minimum=0, maximum=9, example=1),
)


class Recorder:
    """A model that keeps what it is given."""

    def __init__(self, labels: int) -> None:
        self.given: list[Tensors] = []
        self._labels = labels

    def run(self, tensors: Tensors) -> Outputs:
        """Return the same probability for each label."""
        self.given.append(tensors)
        rows = len(next(iter(tensors.values())))
        return np.full((rows, self._labels), 1 / self._labels, dtype=np.float32)


@pytest.fixture
def make_batch(project: Project, trained: Artifact, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Return a function that makes a batch of a table with missing values, and its model."""

    def make(**dialect: Any) -> tuple[BatchPredictor, Recorder]:
        data = trained.manifest.data.model_copy(update={"dialect": Dialect(**dialect)})
        manifest = trained.manifest.model_copy(update={"data": data, "features": FEATURES})
        service = project.service_class(
            project.load_settings(), artifact=replace(trained, manifest=manifest)
        )
        model = Recorder(len(manifest.labels))
        monkeypatch.setattr(service, "load_model", lambda *_, **__: model)
        return BatchPredictor(service), model

    return make


def numbers(model: Recorder) -> list[Any]:
    """Return the numbers that a model was given, None for NaN."""
    block = np.concatenate([each["features"] for each in model.given])
    return [[None if np.isnan(x) else float(x) for x in row] for row in block]


@pytest.mark.parametrize("slow", [False, True], ids=["columns", "rows"])
def test_words_for_missing_values_are_missing(
    make_batch: Make, tmp_path: Path, output: Path, monkeypatch: pytest.MonkeyPatch, slow: bool
) -> None:
    batch, model = make_batch(missing=("", "NA", "-999"))
    if slow:
        monkeypatch.setattr(batch._gatherer, "_decoder", None)
    source = tmp_path / "rows.csv"
    source.write_text(
        "width,count,wet,town,must\nNA,5.0,,NA,1\n-999,NA,NA,-999,2\n,1,true,,3\n", "utf-8"
    )
    counts = batch.run(source, output)

    assert counts.rejected == 0
    assert numbers(model) == [[None, 5, None, 1], [None, None, None, 2], [None, 1, 1, 3]]
    (block,) = [each["categories"].ravel().tolist() for each in model.given]
    assert block == ["", "", ""]


def test_a_word_for_a_missing_value_is_rejected_where_none_may_be_missing(
    make_batch: Make, tmp_path: Path, output: Path
) -> None:
    batch, _ = make_batch(missing=("-1",))
    source = tmp_path / "rows.csv"
    source.write_text("width,count,wet,town,must\n1,1,1,x,-1\n1,1,1,x,1\n", "utf-8")
    batch.run(source, output)
    (refused,) = read(rejected(output))
    assert (refused["row"], refused["line"]) == (0, 2)
    assert refused["problems"][0].startswith("must: ")


def test_other_words_are_categories(make_batch: Make, tmp_path: Path, output: Path) -> None:
    batch, model = make_batch()
    source = tmp_path / "rows.csv"
    source.write_text("width,count,wet,town,must\n1,1,1,NA,1\n", "utf-8")
    batch.run(source, output)
    assert model.given[0]["categories"].tolist() == [["NA"]]


def test_words_of_json_are_missing_as_well(make_batch: Make, tmp_path: Path, output: Path) -> None:
    batch, model = make_batch(missing=("", "NA"))
    row = {"width": "NA", "count": None, "wet": True, "town": "", "must": 1, "note": "NA"}
    batch.run(write_lines(tmp_path / "rows.jsonl", [row]), output)
    assert numbers(model) == [[None, None, 1, 1]]
    assert read(output)[0]["note"] == "NA"


@pytest.mark.parametrize("slow", [False, True], ids=["columns", "rows"])
@pytest.mark.parametrize(
    ("cells", "dialect", "values"),
    [
        pytest.param("1,5;7", {"decimal": ","}, [1.5, 7], id="comma"),
        pytest.param("1.5;7", {"decimal": ","}, None, id="point"),
        pytest.param(
            "1.234,5;1.000", {"decimal": ",", "thousands": "."}, [1234.5, 1000], id="both"
        ),
        pytest.param("1,234.5;1,000", {"thousands": ","}, [1234.5, 1000], id="thousands"),
    ],
)
def test_numbers_are_written_as_in_the_training_data(
    make_batch: Make,
    tmp_path: Path,
    output: Path,
    monkeypatch: pytest.MonkeyPatch,
    slow: bool,
    cells: str,
    dialect: dict[str, str],
    values: list[float] | None,
) -> None:
    batch, model = make_batch(separator=";", **dialect)
    if slow:
        monkeypatch.setattr(batch._gatherer, "_decoder", None)
    source = tmp_path / "rows.csv"
    source.write_text(f"width;count;wet;town;must\n{cells};1;a,b.c;1\n", "utf-8")
    counts = batch.run(source, output)
    if values is None:
        assert counts.rejected == 1
        return
    assert numbers(model) == [[*values, 1, 1]]
    assert model.given[0]["categories"].tolist() == [["a,b.c"]]


@pytest.mark.parametrize("slow", [False, True], ids=["columns", "rows"])
@pytest.mark.parametrize(
    ("wrong", "right", "dialect"),
    [
        pytest.param("384.3", "1.384,3", {"decimal": ",", "thousands": "."}, id="point"),
        pytest.param("1,5", "1,384.3", {"thousands": ","}, id="comma"),
        pytest.param("0.384", "1.384,3", {"decimal": ",", "thousands": "."}, id="below one"),
    ],
)
def test_a_row_whose_thousands_are_no_groups_of_three_digits_is_rejected(
    make_batch: Make,
    tmp_path: Path,
    output: Path,
    monkeypatch: pytest.MonkeyPatch,
    slow: bool,
    wrong: str,
    right: str,
    dialect: dict[str, str],
) -> None:
    batch, model = make_batch(separator=";", missing=("", "."), **dialect)
    if slow:
        monkeypatch.setattr(batch._gatherer, "_decoder", None)
    rows = [f"{wrong};1;;a.b;1", f"{right};.;;a,b;1", f";{wrong};;a;1"]
    source = tmp_path / "rows.csv"
    source.write_text("\n".join(["width;count;wet;town;must", *rows, ""]), "utf-8")
    batch.run(source, output)
    sign = dialect["thousands"]
    where = f"is no number where {sign!r} separates thousands: three digits must follow each"
    assert [(each["line"], each["problems"]) for each in read(rejected(output))] == [
        (2, [f"width: {wrong!r} {where}"]),
        (4, [f"count: {wrong!r} {where}"]),
    ]
    assert numbers(model) == [[pytest.approx(1384.3), None, None, 1]]


def test_a_column_that_is_not_there_is_reported(
    make_batch: Make, tmp_path: Path, output: Path
) -> None:
    batch, model = make_batch()
    source = tmp_path / "rows.csv"
    source.write_text("width,widht,must\n1,1,1\n", "utf-8")
    counts = batch.run(source, output)
    assert list(counts.absent) == ["count", "wet", "town"]
    assert numbers(model) == [[1, None, None, 1]]
    assert json.loads(output.read_text("utf-8"))["widht"] == "1"


def test_numbers_of_parquet_are_categories_and_decimals_are_numbers(
    make_batch: Make, tmp_path: Path, output: Path
) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    batch, model = make_batch()
    row = {"width": Decimal("1.5"), "count": 3, "wet": None, "town": 7, "must": 2.0}
    source = tmp_path / "rows.parquet"
    parquet.write_table(sys.modules["pyarrow"].Table.from_pylist([row]), source)
    assert batch.run(source, output).rejected == 0
    assert numbers(model) == [[1.5, 3, None, 2]]
    assert model.given[0]["categories"].tolist() == [["7"]]
