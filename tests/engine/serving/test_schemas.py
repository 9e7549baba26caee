"""Typed bodies, and what a failed validation means."""

import json
from typing import Any

import pytest
from modelserve import errors
from modelserve.serving import schemas
from pydantic import TypeAdapter, ValidationError

ROW = schemas.typed_dict("Row", {"a/b": int, "c~d": float})


FULL = {"a/b": 1, "c~d": 1}


def complain(content: str) -> errors.RequestError:
    """Return what is wrong with a request for rows of two numbers."""
    request = schemas.request_type(ROW, max_rows=2)
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(request).validate_json(content)
    return schemas.request_error(caught.value.errors())


@pytest.mark.parametrize(
    ("content", "where", "problem"),
    [
        pytest.param("{}", "/instances", "this field is missing", id="missing"),
        pytest.param('{"instances": []}', "/instances", "at least 1 item", id="empty"),
        pytest.param(
            json.dumps({"instances": [FULL] * 3}), "/instances", "at most 2 items", id="too-many"
        ),
        pytest.param('{"instances": [1]}', "/instances/0", "an object", id="no-row"),
        pytest.param("[]", "", "an object", id="no-object"),
        pytest.param(
            '{"instances": [{"a/b": "1", "c~d": 1}]}', "/instances/0/a~1b", "integer", id="text"
        ),
        pytest.param(
            '{"instances": [{"a/b": 1, "c~d": true}]}', "/instances/0/c~0d", "number", id="boolean"
        ),
        pytest.param(
            '{"instances": [{"a/b": 1, "c~d": 1, "é": 1}]}',
            "/instances/0/é",
            "no such field",
            id="unknown",
        ),
    ],
)
def test_a_complaint_points_to_its_field(content: str, where: str, problem: str) -> None:
    error = complain(content)
    assert isinstance(error, errors.InvalidInputError)
    assert error.errors[0].pointer == where
    assert problem in error.errors[0].detail


def test_complaints_are_counted_in_the_summary() -> None:
    assert str(complain("{}")) == "The input has 1 problem."
    assert str(complain('{"instances": [{}]}')) == "The input has 2 problems."


def test_what_is_no_json_is_malformed() -> None:
    error = complain('{"instances": [}')
    assert isinstance(error, errors.MalformedError)
    assert "line 1 column 16" in str(error)


def test_steps_that_the_client_does_not_know_are_skipped() -> None:
    actual: list[dict[str, Any]] = [{"type": "missing", "loc": ("body", "rows", 0), "msg": ""}]
    error = schemas.request_error(actual, skip=1)
    assert isinstance(error, errors.InvalidInputError)
    assert error.errors[0].pointer == "/rows/0"
