"""`preprocess` and `postprocess`: in every request format; free if not overridden."""

import logging
from collections.abc import Callable
from typing import Any

import pytest
from modelserve import Project
from modelserve.errors import FieldError, InvalidInputError
from starlette.testclient import TestClient

from tests.engine.serving.hooks.conftest import Format

FAMILIES = ("iris", "diabetes", "sentiment")

Row = dict[str, Any]
Serve = Callable[..., TestClient]


def change(row: Row) -> Row:
    """Return a row with another value in its first field."""
    name, value = next(iter(row.items()))
    return row | {name: f"{value} péssimo ruim" if isinstance(value, str) else value + 1}


def preprocess(_: Any, rows: list[Row]) -> list[Row]:
    """Change every row."""
    return [change(dict(row)) for row in rows]


def raise_error(*_: Any) -> Any:
    """Fail."""
    raise ValueError("the secret")


def failures(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    """Return the records of failures."""
    return [each for each in caplog.records if each.levelno >= logging.ERROR]


def test_preprocess_changes_what_the_model_sees(
    serve: Serve, golden: list[Row], format_: Format
) -> None:
    rows = [dict(case["input"]) for case in golden[:3]]
    plain, hooked = serve(), serve(preprocess=preprocess)
    changed = format_.read(format_.post(plain, [change(row) for row in rows]))
    assert format_.read(format_.post(hooked, rows)) == changed
    assert format_.read(format_.post(plain, rows)) != changed


def test_postprocess_changes_what_the_client_sees(
    serve: Serve, golden: list[Row], format_: Format
) -> None:
    seen: list[Any] = []

    def postprocess(_: Any, predictions: list[Row], rows: list[Row]) -> list[Row]:
        seen.extend(rows)
        name = "value" if "value" in predictions[0] else "label"
        other = 7.5 if name == "value" else "withheld"
        return [{**each, name: other} for each in predictions]

    rows = [dict(case["input"]) for case in golden[:3]]
    answers = format_.read(format_.post(serve(postprocess=postprocess), rows))
    assert {answer[0] for answer in answers} <= {"7.5", "withheld"}
    assert [list(row) for row in seen] == [list(row) for row in rows]


def test_postprocess_is_given_the_rows_after_preprocess(
    serve: Serve, row: Row, format_: Format
) -> None:
    seen: list[Row] = []

    def postprocess(_: Any, predictions: list[Row], rows: list[Row]) -> list[Row]:
        seen.extend(rows)
        return predictions

    client = serve(preprocess=preprocess, postprocess=postprocess)
    assert format_.post(client, [row]).status_code == 200
    (name, value), *_ = change(row).items()
    given = seen[0][name]
    assert given == (value if isinstance(value, str) else pytest.approx(value, rel=1e-5))


def test_a_row_that_preprocess_rejects_is_named(
    serve: Serve, row: Row, format_: Format, caplog: pytest.LogCaptureFixture
) -> None:
    name = next(iter(row))

    def reject(_: Any, rows: list[Row]) -> list[Row]:
        raise InvalidInputError([FieldError(f"/{len(rows) - 1}/{name}", "should be older")])

    response = format_.post(serve(preprocess=reject), [row, row])
    if format_.name == "oip":
        assert response.status_code == 400
        assert f"/1/{name}: should be older" in response.json()["error"]
    else:
        assert response.status_code == 422
        expected = {"pointer": f"/instances/1/{name}", "detail": "should be older"}
        assert response.json()["errors"] == [expected]
    assert not failures(caplog)


@pytest.mark.parametrize("pointer", ["age", "/2/age", "/-1", "0/age"])
def test_a_rejection_of_no_row_is_a_500_that_names_it(
    serve: Serve, row: Row, format_: Format, caplog: pytest.LogCaptureFixture, pointer: str
) -> None:
    def reject(*_: Any) -> list[Row]:
        raise InvalidInputError([FieldError(pointer, "should be older")])

    response = format_.post(serve(preprocess=reject), [row, row])
    assert response.status_code == 500
    assert f"rejected '{pointer}', and not a row of its 2: write /ROW/FIELD" in str(response.json())
    assert failures(caplog)


def test_a_rejection_of_all_rows_has_no_row(serve: Serve, row: Row, format_: Format) -> None:
    def reject(*_: Any) -> list[Row]:
        raise InvalidInputError([FieldError("", "should be of one customer")])

    response = format_.post(serve(preprocess=reject), [row, row])
    if format_.name == "oip":
        assert "should be of one customer" in response.json()["error"]
    else:
        expected = {"pointer": "/instances", "detail": "should be of one customer"}
        assert response.json()["errors"] == [expected]


def reject_by_text(*_: Any) -> None:
    """Reject rows without naming one."""
    raise InvalidInputError("too small")  # type: ignore[arg-type]


def test_a_rejection_says_what_it_takes() -> None:
    with pytest.raises(TypeError, match=r'takes a list: \[FieldError\("/0/age"'):
        reject_by_text()


@pytest.mark.parametrize(
    "hooks",
    [
        pytest.param({"preprocess": raise_error}, id="preprocess-raises"),
        pytest.param({"preprocess": reject_by_text}, id="preprocess-rejects-by-a-text"),
        pytest.param({"preprocess": lambda _, rows: None}, id="preprocess-returns-nothing"),
        pytest.param({"preprocess": lambda _, rows: rows[1:]}, id="preprocess-drops-a-row"),
        pytest.param({"preprocess": lambda _, rows: ["?"] * len(rows)}, id="preprocess-no-rows"),
        pytest.param({"preprocess": lambda _, rows: [{}] * len(rows)}, id="preprocess-no-fields"),
        pytest.param({"postprocess": raise_error}, id="postprocess-raises"),
        pytest.param({"postprocess": lambda *_: None}, id="postprocess-returns-nothing"),
        pytest.param({"postprocess": lambda _, answers, rows: answers[1:]}, id="postprocess-drops"),
        pytest.param({"postprocess": lambda _, answers, rows: ["?", "?"]}, id="postprocess-texts"),
        pytest.param(
            {"postprocess": lambda _, answers, rows: [{"label": object()}] * 2},
            id="postprocess-no-json",
        ),
        pytest.param(
            {
                "postprocess": lambda _, answers, rows: [
                    dict.fromkeys(each, float("nan")) for each in answers
                ]
            },
            id="postprocess-not-a-number",
        ),
    ],
)
def test_a_hook_that_fails_is_a_500_with_its_reason_in_the_log(
    serve: Serve,
    row: Row,
    format_: Format,
    hooks: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    response = format_.post(serve(**hooks), [row, row])
    (record,) = failures(caplog)
    assert response.status_code == 500
    assert "secret" not in response.text
    assert next(iter(hooks)) in response.text
    if format_.name != "oip":
        assert response.json()["type"] == "urn:problem:model-failed"
    assert record.exc_info is not None
    assert vars(record)["request_id"] == response.headers["x-request-id"]


def test_a_hook_that_is_not_overridden_costs_nothing(project: Project, make_settings: Any) -> None:
    codec = project.service_class(make_settings()).codec
    rows = [codec.inputs.example()]
    given = codec.gather(rows)
    assert (codec._preprocess, codec._postprocess) == (None, None)
    assert given.asked is rows or given.asked == ()  # texts can be explained
