"""The class for `map_batches` answers a table as `batch` does; Ray itself is not needed for it."""

import pyarrow as pa
import pytest
from modelserve.batch import BatchPredictor
from modelserve.batch.ray_data import RayPredictor
from modelserve.errors import MalformedError

from tests.engine.batch.files import Row, answers
from tests.engine.batch.folders import same
from tests.engine.families import Family

FAMILIES = ("iris", "diabetes", "sentiment")


@pytest.fixture
def predictor(family: Family) -> RayPredictor:
    """Return what an actor has."""
    return RayPredictor(family.package, str(family.artifact.folder), root=str(family.root))


def flat(row: Row) -> Row:
    """Return an answer as the columns of a table."""
    labels = row.pop("probabilities", {})
    return row | {f"probability_{label}": value for label, value in labels.items()}


def test_a_table_keeps_its_rows_and_gets_the_answers_of_the_service(
    predictor: RayPredictor, batch: BatchPredictor, many: list[Row]
) -> None:
    answered = predictor(pa.Table.from_pylist(many)).to_pylist()
    plain = [{name: value for name, value in row.items() if name != "id"} for row in many]
    expected = [flat(row) for row in answers(batch, plain)]
    assert [row.pop("id") for row in answered] == [row["id"] for row in many]
    assert [row.pop("problems") for row in answered] == [None] * len(many)
    given = [{key: row[key] for key in expected[0] if key != "row"} for row in answered]
    wanted = [{key: value for key, value in row.items() if key != "row"} for row in expected]
    assert same(given, wanted)


def test_an_invalid_row_has_problems_and_no_answer(
    predictor: RayPredictor, many: list[Row]
) -> None:
    broken = {name: value if name == "id" else None for name, value in many[0].items()}
    table = pa.Table.from_pylist([*many, broken])
    valid, last = predictor(table).to_pylist()[0], predictor(table).to_pylist()[-1]
    assert valid["problems"] is None
    assert last["problems"]
    assert {value for name, value in last.items() if name not in ("id", "problems")} == {None}


def test_every_batch_has_the_same_columns_and_types(
    predictor: RayPredictor, many: list[Row]
) -> None:
    table = pa.Table.from_pylist(many)
    schema = predictor(table).schema
    broken = pa.table(
        {
            name: table.column(name) if name == "id" else pa.nulls(len(table), table[name].type)
            for name in table.column_names
        }
    )
    assert predictor(broken).schema == schema
    assert predictor(table.slice(0, 0)).schema == schema


def test_a_table_without_a_field_is_an_error(predictor: RayPredictor, many: list[Row]) -> None:
    with pytest.raises(MalformedError, match="its header has no "):
        predictor(pa.Table.from_pylist(many).select(["id"]))
