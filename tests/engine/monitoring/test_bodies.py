"""The parser of a question and of an answer all come to the same rows."""

from collections.abc import Callable
from typing import Any

import pytest
from modelserve.artifact import Artifact
from modelserve.monitoring.ingest.bodies import REDACTED, BodyParser, ParsedResponse
from modelserve.serving import capture
from modelserve.serving.inputs import make_inputs
from modelserve.serving.oip.columns import Columns
from starlette.testclient import TestClient

FAMILIES = ("iris", "diabetes", "sentiment")

Row = dict[str, Any]


@pytest.fixture
def parser(trained: Artifact) -> BodyParser:
    """Return what reads bodies."""
    return BodyParser(trained.manifest)


@pytest.fixture
def tensors(trained: Artifact) -> Callable[[list[Row]], list[dict[str, Any]]]:
    """Return a way to rows as the Open Inference Protocol has them."""

    def make(rows: list[Row]) -> list[dict[str, Any]]:
        features = trained.manifest.features
        texts = [each.name for each in features if each.dtype in ("category", "text")]
        numbers = [each.name for each in features if each.name not in texts]
        single = features[0].dtype == "text"
        made = []
        for names, name, datatype in (
            (numbers, "features", "FP32"),
            (texts, texts[0] if single else "categories", "BYTES"),
        ):
            if names:
                data = [row[each] for row in rows for each in names]
                shape = [len(rows)] if single else [len(rows), len(names)]
                made.append({"name": name, "shape": shape, "datatype": datatype, "data": data})
        return made

    return make


@pytest.fixture
def rows(golden: list[dict[str, Any]]) -> list[Row]:
    """Return some rows."""
    return [case["input"] for case in golden[:5]]


def csv_of(rows: list[Row], *, head: bool) -> str:
    """Return rows as CSV."""
    quoted = [['"' + str(value).replace('"', '""') + '"' for value in row.values()] for row in rows]
    names = [list(rows[0])] if head else []
    return "\n".join(",".join(each) for each in names + quoted)


def test_instances_are_rows(parser: BodyParser, rows: list[Row]) -> None:
    assert parser.rows({"instances": rows}) == rows


def test_tensors_come_to_the_same_rows(parser: BodyParser, rows: list[Row], tensors: Any) -> None:
    assert parser.rows({"inputs": tensors(rows)}) == rows


@pytest.mark.parametrize("head", [True, False])
def test_csv_comes_to_the_same_rows_spelled(
    parser: BodyParser, rows: list[Row], head: bool
) -> None:
    actual = parser.rows(csv_of(rows, head=head))
    assert actual == [{name: str(value) for name, value in row.items()} for row in rows]


def test_json_lines_are_rows_and_predictions(parser: BodyParser, rows: list[Row]) -> None:
    assert parser.rows((*rows,)) == rows
    assert parser.response(({"a": 1}, {"a": 2})) == ParsedResponse([{"a": 1}, {"a": 2}], "", False)


def test_a_cell_may_hold_line_ends_of_any_kind(parser: BodyParser, rows: list[Row]) -> None:
    odd = [{name: f"{value}\r\n\n\u2028\x85" for name, value in row.items()} for row in rows]
    assert parser.rows("\ufeff" + csv_of(odd, head=True)) == odd


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_may_end_in_any_way(parser: BodyParser, rows: list[Row], end: str) -> None:
    text = csv_of(rows, head=True)
    assert parser.rows(text.replace("\n", end)) == parser.rows(text)


def test_a_head_in_another_order_names_the_columns(parser: BodyParser, rows: list[Row]) -> None:
    turned = [dict(reversed(row.items())) for row in rows]
    actual = parser.rows(csv_of(turned, head=True))
    assert actual == [{name: str(value) for name, value in row.items()} for row in rows]


def test_redacted_tensors_are_rows_of_that_word(
    parser: BodyParser, rows: list[Row], tensors: Any
) -> None:
    kept = {"inputs": [each | {"data": REDACTED} for each in tensors(rows)]}
    assert parser.rows(kept) == [dict.fromkeys(row, REDACTED) for row in rows]


def test_a_redacted_field_of_tensors_leaves_the_others(
    parser: BodyParser, rows: list[Row], tensors: Any, trained: Artifact
) -> None:
    name = trained.manifest.features[-1].name
    columns = Columns(
        trained.manifest.features, make_inputs(trained, max_text_length=10_000).tensors
    )
    kept = {"inputs": [columns.redact(each, {name}) for each in tensors(rows)]}
    assert parser.rows(kept) == [row | {name: REDACTED} for row in parser.rows({"instances": rows})]


def test_what_capture_writes_for_what_it_does_not_keep_is_known_here() -> None:
    assert REDACTED == capture.REDACTED


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({}, id="empty"),
        pytest.param({"rows": []}, id="other-name"),
        pytest.param({"instances": []}, id="no-row"),
        pytest.param({"instances": [1]}, id="no-object"),
        pytest.param({"instances": {"a": 1}}, id="no-list"),
        pytest.param({"inputs": [{"name": "x"}]}, id="half-a-tensor"),
        pytest.param(
            {"inputs": [{"name": "x", "datatype": "FP32", "shape": [9, 9], "data": [1]}]},
            id="other-shape",
        ),
        pytest.param('1,"2,3,4,5,6,7,8,9,10,11,12\n1', id="other-width"),
        pytest.param("x" * 200_000, id="no-csv"),
        pytest.param(5, id="number"),
        pytest.param([{"a": 1}], id="list"),
        pytest.param((1,), id="lines-of-no-object"),
        pytest.param((), id="no-line"),
    ],
)
def test_what_asks_in_no_known_form_is_refused(parser: BodyParser, body: Any) -> None:
    with pytest.raises((LookupError, TypeError, ValueError)):
        parser.rows(body)


def test_both_ways_of_being_answered_come_to_the_same(
    parser: BodyParser, trained: Artifact, client: TestClient, rows: list[Row], tensors: Any
) -> None:
    name, version = trained.manifest.name, trained.manifest.version
    plain = parser.response(client.post("/predict", json={"instances": rows}).json())
    protocol = parser.response(
        client.post(f"/v2/models/{name}/infer", json={"inputs": tensors(rows)}).json()
    )

    assert plain is not None
    assert protocol is not None
    assert plain[1:] == protocol[1:] == (version, False, frozenset())
    for one, other in zip(plain.predictions, protocol.predictions, strict=True):
        assert one.keys() == other.keys()
        for key, value in one.items():
            assert other[key] == (
                value if isinstance(value, str) else pytest.approx(value, 1e-6, 1e-6)
            )


@pytest.mark.parametrize(
    ("warnings", "by_fallback"),
    [
        pytest.param([], [True] * 3, id="all"),
        pytest.param(["/1: the fallback answered"], [False, True, False], id="one"),
        pytest.param(["/0/note: cut", "/2: the fallback answered"], [False, False, True], id="cut"),
        pytest.param(["/0/note: cut"], [True] * 3, id="all, one cut"),
    ],
)
def test_warnings_on_whole_rows_name_those_of_the_fallback(
    trained: Artifact, warnings: list[str], by_fallback: list[bool]
) -> None:
    parser = BodyParser(trained.manifest)
    pairs = [each.split(": ") for each in warnings]
    listed = [{"pointer": f"/instances{place}", "detail": detail} for place, detail in pairs]
    plain = {"predictions": [{"a": 1}] * 3, "degraded": True, "warnings": listed}
    names = ("label", "probabilities") if trained.manifest.labels else ("value", "lower", "upper")
    width = len(trained.manifest.labels)
    protocol = {
        "outputs": [
            {"name": name, "shape": [3, width] if name == "probabilities" else [3]}
            | {"datatype": "BYTES" if name == "label" else "FP32"}
            | {"data": [0] * 3 * (width if name == "probabilities" else 1)}
            for name in names
        ],
        "parameters": {"degraded": True, "warnings": warnings},
    }
    for body in (plain, protocol):
        response = parser.response(body)
        assert response is not None
        assert response.by_fallback == by_fallback


@pytest.mark.parametrize("form", [{"predictions": [{"a": 1}]}, {"outputs": []}])
def test_a_degraded_answer_says_so(
    parser: BodyParser, form: dict[str, Any], trained: Artifact
) -> None:
    body = {**form, "model_name": trained.manifest.name, "model_version": "7"}
    flags = {"degraded": True, "parameters": {"degraded": True}}
    said, unsaid = parser.response(body | flags), parser.response(body)
    assert said
    assert said.degraded
    assert unsaid
    assert not unsaid.degraded


def test_another_models_answer_is_reported_with_its_name(parser: BodyParser) -> None:
    body = {"predictions": [{"a": 1}], "model_name": "other", "model_version": "7"}
    assert parser.response(body) == ParsedResponse([{"a": 1}], "other 7", False)


@pytest.mark.parametrize("body", [{"error": "no"}, {"type": "about:blank", "status": 422}])
def test_an_error_is_no_answer(parser: BodyParser, body: dict[str, Any]) -> None:
    assert parser.response(body) is None
