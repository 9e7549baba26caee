"""A value of a row is read alike by batch, each route, the page, the export and monitoring."""

import csv
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from modelserve import Project, Service, serving
from modelserve.artifact import Artifact
from modelserve.batch import BatchPredictor
from modelserve.batch.json_source import _write
from modelserve.collect.columns import read_column
from modelserve.errors import InvalidInputError
from modelserve.export import web
from modelserve.manifest import Dialect, Feature
from modelserve.monitoring.table_inputs import CapturedTable
from modelserve.serving.sagemaker.csv_codec import CsvCodec
from modelserve.training.sections import DataSection
from modelserve.training.table.table import Table
from modelserve.types import ModelInput, Outputs, Tensors

from tests.engine.batch.files import read, rejected, write_csv, write_lines
from tests.engine.node import evaluator

REFUSED = "refused"
TRAINED = ("", "NA", "nan", "-999")
WORDS = (*TRAINED, "null")  # training has a category of this name, from elsewhere
OTHER = Feature(name="other", dtype="number", minimum=0, maximum=9, example=1)
# As a file of CSV has them, and as the model takes them: None for a missing value.
NUMBERS = {
    **{"1.5": 1.5, " 1.5 ": 1.5, "-1e1": -10, "": None, "NA": None, "nan": None, "-999": None},
    **{"  ": REFUSED, " NA": REFUSED, "NA ": REFUSED, "N/A": REFUSED, "x": REFUSED},
    **{" nan ": None, " -999": -999, "NULL": REFUSED, "inf": REFUSED, "0x1": REFUSED},
}
INTEGERS = {
    **{"2": 2, " 2.0 ": 2, "": None, "NA": None, "-999": None, "1.5": REFUSED, "  ": REFUSED},
    **{" NA": REFUSED, "NA ": REFUSED, "x": REFUSED},
}
BOOLEANS = {
    **{"true": 1, "FALSE": 0, "y": 1, "1": 1, " 0 ": 0, "1.0": 1, "+1": 1, "": None, "NA": None},
    **{"  ": REFUSED, " true": REFUSED, "false ": REFUSED, "NA ": REFUSED, "2": REFUSED},
}
CATEGORIES = {
    **{"a": "a", " a": " a", "b": "b", "": None, "NA": None, "nan": None, "-999": None},
    **{"null": "null", "  ": "  ", " NA": " NA", "NA ": "NA ", "N/A": "N/A"},
}
CELLS = {"number": NUMBERS, "integer": INTEGERS, "boolean": BOOLEANS, "category": CATEGORIES}


class Recorder:
    """A model that keeps what it is given."""

    def __init__(self, labels: int) -> None:
        self.given: list[Any] = []
        self._labels = labels

    def run(self, tensors: Tensors) -> Outputs:
        """Return the same probability for each label."""
        rows = len(next(iter(tensors.values())))
        self.given += _values(ModelInput(tensors, rows))
        return np.full((rows, self._labels), 1 / self._labels, dtype=np.float32)


@pytest.fixture(params=[True, False], ids=["nullable", "no gaps"])
def nullable(request: pytest.FixtureRequest) -> bool:
    """Return whether the field may be missing."""
    return bool(request.param)


@pytest.fixture
def make_service(project: Project, trained: Artifact) -> Callable[[str, bool], Service]:
    """Return a way to the service of a model with a field of some dtype, and another one."""

    def make(dtype: Any, nullable: bool) -> Service:
        categories = ("a", "b", "null") if dtype == "category" else ()
        field = Feature(
            name="field",
            dtype=dtype,
            categories=categories,
            nullable=nullable,
            **{"minimum": 0, "maximum": 9, "example": "a" if categories else 1},
        )
        data = trained.manifest.data.model_copy(update={"dialect": Dialect(missing=WORDS)})
        changes = {"data": data, "features": (field, OTHER)}
        manifest = trained.manifest.model_copy(update=changes)
        artifact = replace(trained, manifest=manifest)
        return project.service_class(project.load_settings(), artifact=artifact)

    return make


def _values(given: ModelInput) -> list[Any]:
    """Return the field of each row as the model takes it, None for a missing value."""
    if (texts := given.tensors.get("categories")) is not None:
        return [text or None for text in texts[:, 0].tolist()]
    return [None if np.isnan(x) else float(x) for x in given.tensors["features"][:, 0]]


def _each(decode: Callable[[Any], ModelInput], bodies: Sequence[Any]) -> list[Any]:
    """Return what a decoder makes of each body with one row."""
    found = []
    for body in bodies:
        try:
            found += _values(decode(body))
        except InvalidInputError:
            found.append(REFUSED)
    return found


def _batch(service: Service, source: Path, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return what a batch makes of each row of a file."""
    model = Recorder(len(service.artifact.manifest.labels))
    monkeypatch.setattr(service, "load_model", lambda *_, **__: model)
    output = source.with_suffix(".answers.jsonl")
    BatchPredictor(service).run(source, output)
    refused = {each["row"] for each in read(rejected(output))} if rejected(output).exists() else ()
    given = iter(model.given)
    return [
        REFUSED if i in refused else next(given) for i in range(len(model.given) + len(refused))
    ]


def _in_page(service: Service, rows: list[Any], without: Callable[[str], None]) -> list[Any]:
    """Return what an exported page makes of each row: the model's value, or that it refuses it."""
    page = files(serving).joinpath("page", "sentences.js").read_text(encoding="utf-8")
    run = evaluator(page + web.read_script("answers.js").replace('"use strict";', ""), without)
    program = """rows.map((row) => {
      if (problemsOf([row], model).length) return "refused";
      const { features, categories } = arraysOfTable([row], model);
      return categories ? categories.data[0] || null : features.data[0];
    })"""
    return list(run(program, rows=rows, model=json.loads(json.dumps(web.model_facts(service)))))


def _of_file(service: Service, text: str, without: Callable[[str], None]) -> list[Any]:
    """Return the rows of a CSV file as the page sends them."""
    page = files(serving).joinpath("page")
    names = ("sentences.js", "values.js", "csv.js")
    scripts = "\n".join(page.joinpath(name).read_text(encoding="utf-8") for name in names)
    manifest = service.artifact.manifest
    program = """(() => {
      const table = readTable(text, fields, 99, dialect);
      return table.rows.map((row) => instanceOf(table, row, fields, dialect.missing));
    })()"""
    dialect = manifest.data.dialect.model_dump()
    fields = service.codec.inputs.form()
    return list(evaluator(scripts, without)(program, text=text, fields=fields, dialect=dialect))


def _instances(rows: Sequence[Any]) -> list[bytes]:
    return [json.dumps({"instances": [row]}).encode() for row in rows]


@pytest.mark.parametrize("dtype", CELLS)
def test_a_cell_of_csv_is_read_alike_everywhere(
    make_service: Callable[[str, bool], Service],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    without: Callable[[str], None],
    nullable: bool,
    dtype: str,
) -> None:
    service = make_service(dtype, nullable)
    cells = [*CELLS[dtype]]
    expected = [
        REFUSED if value is None and not nullable else value for value in CELLS[dtype].values()
    ]
    source = tmp_path / "rows.csv"
    with source.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([["field", "other"], *([cell, 1] for cell in cells)])
    assert _batch(service, source, monkeypatch) == expected

    codec = CsvCodec(service.codec, max_rows=9)
    assert _each(codec.decode, [f'"{cell}",1\n'.encode() for cell in cells]) == expected

    rows = _of_file(service, source.read_text(encoding="utf-8"), without)
    assert _each(service.codec.decode, _instances(rows)) == expected
    assert _in_page(service, rows, without) == expected

    answered = [i for i, value in enumerate(expected) if value != REFUSED]
    captured = [cells[i] for i in answered]
    observed = CapturedTable(service.artifact).observe([{"field": cell} for cell in captured])
    seen = observed["field"].tolist()
    assert [None if x == "" or x != x else x for x in seen] == [expected[i] for i in answered]
    manifest = service.artifact.manifest
    feature = manifest.features[0]
    collected = read_column(captured, feature, manifest.missing_texts(feature))
    assert (collected.values, collected.misfit) == ([expected[i] for i in answered], frozenset())


@pytest.mark.parametrize("dtype", ["number", "integer", "boolean"])
@pytest.mark.parametrize("cell", ["", "NA"])
def test_a_cell_without_a_number_is_refused_in_the_same_words_everywhere(
    make_service: Callable[[str, bool], Service],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    without: Callable[[str], None],
    dtype: str,
    cell: str,
) -> None:
    service = make_service(dtype, False)
    monkeypatch.setattr(service, "load_model", lambda *_, **__: Recorder(3))
    detail = "null is not allowed: this field may not be missing"
    source = write_csv(tmp_path / "rows.csv", [{"field": cell, "other": 1}])
    output = tmp_path / "answers.csv"
    BatchPredictor(service).run(source, output)
    assert [each["problems"] for each in read(rejected(output))] == [[f"field: {detail}"]]

    (row,) = _of_file(service, source.read_text(encoding="utf-8"), without)
    codec = CsvCodec(service.codec, max_rows=9)
    for decode, body in (
        (codec.decode, f"{cell},1\n".encode()),
        (service.codec.decode, *_instances([row])),
    ):
        with pytest.raises(InvalidInputError) as caught:
            decode(body)
        assert [each.detail for each in caught.value.errors] == [detail]
    page = files(serving).joinpath("page", "sentences.js").read_text(encoding="utf-8")
    run = evaluator(page + web.read_script("answers.js").replace('"use strict";', ""), without)
    model = json.loads(json.dumps(web.model_facts(service)))
    problems = run("problemsOf([row], model)", row=row, model=model)
    assert problems == [{"pointer": "/instances/0/field", "detail": detail}]


def test_a_category_of_json_is_read_alike_everywhere(
    make_service: Callable[[str, bool], Service],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    without: Callable[[str], None],
    nullable: bool,
) -> None:
    service = make_service("category", nullable)
    expected = [
        REFUSED if value is None and not nullable else value for value in CATEGORIES.values()
    ]
    rows = [{"field": text, "other": 1.0} for text in CATEGORIES]
    assert _each(service.codec.decode, _instances(rows)) == expected
    assert _batch(service, write_lines(tmp_path / "rows.jsonl", rows), monkeypatch) == expected
    assert _in_page(service, rows, without) == expected
    tensors = [
        {
            "features": np.ones((1, 1), np.float32),
            "categories": np.array([[text]], dtype=object),
        }
        for text in CATEGORIES
    ]
    assert _each(service.codec.gather_tensors, tensors) == expected


def test_training_reads_cells_and_categories_alike(tmp_path: Path) -> None:
    expected = [None if text in TRAINED else text for text in CATEGORIES]
    rows = [{"field": text, "other": 1} for text in CATEGORIES]
    for source in (write_csv(tmp_path / "a.csv", rows), write_lines(tmp_path / "a.jsonl", rows)):
        section = DataSection(
            path=source, target="other", dtypes={"field": "category"}, missing=TRAINED
        )
        column = Table.read_frame(section)["field"].astype(object)
        assert [None if text is pd.NA else text for text in column] == expected


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize(
    "values",
    [
        pytest.param([17, 4, -1], id="integers"),
        pytest.param([17, None, 4], id="integers and a gap"),
        pytest.param([4.0, 2.5, 1e16], id="floats"),
        pytest.param([True, None, False], id="booleans"),
        pytest.param([Decimal(17), Decimal(4), None], id="whole decimals"),
        pytest.param([Decimal("4.00"), Decimal("2.50"), None], id="decimals"),
    ],
)
def test_a_category_that_is_no_text_is_read_as_in_training(
    make_service: Callable[[str, bool], Service],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    suffix: str,
    values: list[Any],
) -> None:
    source = tmp_path / f"rows.{suffix}"
    rows = [{"field": value, "other": i} for i, value in enumerate(values)]
    if suffix == "csv":
        write_csv(source, rows)
    elif suffix == "parquet":
        pq.write_table(pa.Table.from_pylist(rows), source)
    else:
        write_lines(source, [{**row, "field": _plain(row["field"])} for row in rows])
    section = DataSection(path=source, target="other", dtypes={"field": "category"})
    column = Table.read(section).rows["field"].astype(object)
    expected = [None if text is pd.NA else text for text in column]
    assert any(expected)
    assert _batch(make_service("category", True), source, monkeypatch) == expected


def _plain(value: Any) -> Any:
    """Return a value as JSON has it."""
    return json.loads(str(value)) if isinstance(value, Decimal) else value


@pytest.mark.parametrize(
    ("known", "value", "text"),
    [
        pytest.param("17", 17.0, "17", id="beside gaps of pandas"),
        pytest.param("17.0", 17, "17.0", id="beside fractions in training"),
        pytest.param("17", 17.5, "17.5", id="a fraction"),
        pytest.param("17", float("nan"), None, id="not a number"),
        pytest.param("1", True, "True", id="a boolean"),
        pytest.param("17", 10**400, str(10**400), id="beyond every float"),
        pytest.param("17", float("inf"), "inf", id="infinite"),
    ],
)
def test_a_whole_number_is_the_category_that_training_knows(
    known: str, value: float, text: str | None
) -> None:
    assert _write(value, {known}) == text
