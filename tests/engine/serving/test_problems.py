"""Where errors become HTTP."""

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import fastapi
import pytest
from modelserve import errors
from modelserve.serving import problems
from modelserve.translation import load_catalogue
from starlette.exceptions import HTTPException

RESPONSES = problems.ErrorResponses(load_catalogue("en"))


class Odd:
    """No value of JSON."""

    def __str__(self) -> str:
        """Return what is shown."""
        return "an odd thing"


CASES = [
    pytest.param(errors.MalformedError("x"), 400, "malformed-body", id="malformed"),
    pytest.param(errors.AccessError("x"), 401, "key-refused", id="access"),
    pytest.param(errors.UnknownModelError("x"), 404, "unknown-model", id="unknown-model"),
    pytest.param(errors.SlowClientError("x"), 408, "slow-body", id="slow"),
    pytest.param(errors.TooLargeError("x"), 413, "body-too-large", id="large"),
    pytest.param(errors.ContentEncodingError("x"), 415, "content-encoding", id="encoding"),
    pytest.param(errors.InvalidInputError([]), 422, "invalid-input", id="invalid"),
    pytest.param(errors.ModelError("x"), 500, "model-failed", id="model"),
    pytest.param(errors.OverloadedError("x", retry_after_s=7), 503, "overloaded", id="overload"),
    pytest.param(errors.ModelTimeoutError("x"), 504, "model-timed-out", id="model-timeout"),
    pytest.param(HTTPException(405, "x"), 405, "method-not-allowed", id="framework"),
    pytest.param(RuntimeError("x"), 500, "unexpected", id="unexpected"),
]


@pytest.mark.parametrize(("error", "status", "kind"), CASES)
def test_each_error_has_its_status_and_its_kind(error: Exception, status: int, kind: str) -> None:
    answer = RESPONSES.problem(error, "mine")
    content = json.loads(answer.body)
    assert answer.status == content["status"] == status
    assert content["type"] == f"urn:problem:{kind}"
    assert content["request_id"] == "mine"
    assert (b"content-type", b"application/problem+json") in answer.headers


@pytest.mark.parametrize(("error", "status", "kind"), CASES)
def test_the_protocol_says_the_same_in_its_own_form(
    error: Exception, status: int, kind: str
) -> None:
    answer = RESPONSES.protocol_error(error, "mine")
    assert answer.status == (400 if kind == "invalid-input" else status)
    assert json.loads(answer.body).keys() == {"error"}
    assert json.loads(answer.body)["error"].endswith("(request mine)")


def test_headers_say_what_to_do_next() -> None:
    overload = RESPONSES.problem(errors.OverloadedError("x", retry_after_s=7), "mine")
    access = RESPONSES.problem(errors.AccessError("x"), "mine")
    framework = RESPONSES.problem(HTTPException(405, headers={"Allow": "GET"}), "mine")
    assert (b"retry-after", b"7") in overload.headers
    assert (b"www-authenticate", b"Bearer") in access.headers
    assert (b"allow", b"GET") in framework.headers


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        pytest.param({"code": 7, "free": ["a"]}, {"code": 7, "free": ["a"]}, id="an-object"),
        pytest.param([{"code": None}], [{"code": None}], id="a-list"),
        pytest.param({"when": date(2026, 1, 2)}, {"when": "2026-01-02"}, id="a-date"),
        pytest.param({"odd": Odd()}, {"odd": "an odd thing"}, id="no-json"),
    ],
)
def test_a_detail_that_is_no_text_is_kept_beside_one(details: Any, expected: Any) -> None:
    error = fastapi.HTTPException(409, details)
    content = json.loads(RESPONSES.problem(error, "mine").body)
    assert (content["detail"], content["details"]) == ("Conflict", expected)
    protocol = json.loads(RESPONSES.protocol_error(error, "mine").body)
    assert protocol == {"error": "Conflict (request mine)"}


@pytest.mark.parametrize("make", [RESPONSES.problem, RESPONSES.protocol_error])
def test_what_was_not_foreseen_is_not_shown(make: type[problems.Answer]) -> None:
    assert b"secret" not in make(RuntimeError("the secret"), "mine").body


def test_every_complaint_is_reported() -> None:
    field_errors = [errors.FieldError("/a", "odd"), errors.FieldError("/b", "too long")]
    error = errors.InvalidInputError(field_errors)
    assert json.loads(RESPONSES.problem(error, "mine").body)["errors"] == [
        {"pointer": "/a", "detail": "odd"},
        {"pointer": "/b", "detail": "too long"},
    ]
    assert b"/a: odd; /b: too long" in RESPONSES.protocol_error(error, "mine").body


def test_a_problem_of_the_whole_input_has_no_pointer_before_it() -> None:
    error = errors.InvalidInputError([errors.FieldError("", "holds more than 5 values")])
    body = json.loads(RESPONSES.protocol_error(error, "mine").body)
    assert body["error"] == "The input has 1 problem. holds more than 5 values (request mine)"


def test_every_mistake_of_a_client_has_a_status_of_its_own() -> None:
    kinds = errors.RequestError.__subclasses__()
    assert len(kinds) > 5
    for kind in kinds:
        status, _ = problems.classify(kind([]))
        assert 400 <= status < 500
    assert len({problems.classify(kind([])) for kind in kinds}) == len(kinds)


@pytest.mark.parametrize("make", [RESPONSES.problem, RESPONSES.protocol_error])
def test_of_many_problems_the_first_hundred_are_named_in_short(
    make: Callable[[Exception, str], problems.Answer],
) -> None:
    field_errors = [errors.FieldError(f"/{i}/{'k' * 9_999}", "x" * 9_999) for i in range(5_000)]
    answer = make(errors.InvalidInputError(field_errors), "mine")
    assert b"5000 problems. The first 100 are named." in answer.body
    assert b"/99/k" in answer.body
    assert b"/100/k" not in answer.body
    assert len(answer.body) < 150_000


@pytest.mark.parametrize("make", [RESPONSES.problem, RESPONSES.protocol_error])
def test_a_text_that_quotes_the_request_is_shortened(
    make: Callable[[Exception, str], problems.Answer],
) -> None:
    for error in (errors.MalformedError("x" * 9_999), HTTPException(404, "x" * 9_999)):
        assert len(make(error, "mine").body) < 1_000


def test_a_compression_that_is_not_read_is_answered_with_the_one_that_is() -> None:
    answer = RESPONSES.problem(errors.ContentEncodingError("x"), "mine")
    assert (b"accept-encoding", b"gzip") in answer.headers
