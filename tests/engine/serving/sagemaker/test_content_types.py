"""Content types are read from headers, as HTTP defines them."""

import pytest
from modelserve.serving.sagemaker.content_types import (
    AcceptError,
    ContentTypeError,
    choose_answer,
    read_content_type,
)

JSON, CSV, LINES = "application/json", "text/csv", "application/jsonlines"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        pytest.param(b"", JSON, id="none"),
        pytest.param(b" ", JSON, id="blank"),
        pytest.param(b"application/json", JSON, id="json"),
        pytest.param(b"Application/JSON; charset=utf-8", JSON, id="json-with-parameters"),
        pytest.param(b"application/x-www-form-urlencoded", JSON, id="curls-own"),
        pytest.param(b"text/csv;header=present", CSV, id="csv"),
        pytest.param(b" TEXT/CSV ", CSV, id="csv-in-capitals"),
        pytest.param(b"application/jsonlines", LINES, id="json-lines"),
    ],
)
def test_a_body_is_of_the_type_that_its_header_names(header: bytes, expected: str) -> None:
    assert read_content_type(header) == expected


@pytest.mark.parametrize(
    "header", [b"text/plain", b"application/x-recordio-protobuf", b"json", b"\xff", b"text/csv2"]
)
def test_a_body_of_another_type_is_refused_with_those_that_are_read(header: bytes) -> None:
    with pytest.raises(ContentTypeError) as caught:
        read_content_type(header)
    assert caught.value.detail == (
        f"A body of {header.decode('latin-1')} is not read here; "
        "send application/json, text/csv or application/jsonlines."
    )


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        pytest.param(b"", JSON, id="none"),
        pytest.param(b"*/*", JSON, id="anything"),
        pytest.param(b"application/*", JSON, id="any-of-a-kind"),
        pytest.param(b"text/*", CSV, id="any-text"),
        pytest.param(b"text/csv", CSV, id="csv"),
        pytest.param(b"TEXT/CSV; header=absent", CSV, id="csv-with-parameters"),
        pytest.param(b"application/jsonlines", LINES, id="json-lines"),
        pytest.param(b"text/html, text/csv", CSV, id="what-can-be-given"),
        pytest.param(b"text/csv, application/json", CSV, id="the-first-of-two"),
        pytest.param(b"application/json, text/csv", JSON, id="the-first-of-two-again"),
        pytest.param(b"*/*, text/csv", CSV, id="the-one-that-is-named"),
        pytest.param(b"*/*, text/*", CSV, id="the-kind-that-is-named"),
        pytest.param(b"text/csv;q=0.5, application/json", JSON, id="the-heavier"),
        pytest.param(b"application/json;q=0.2,text/csv;q=0.9", CSV, id="the-heavier-again"),
        pytest.param(b"text/csv;q=0.2, */*;q=0.1", CSV, id="heavier-than-all-others"),
        pytest.param(b"text/csv;q=0.1, */*;q=0.2", JSON, id="all-others-are-heavier"),
        pytest.param(b"*/*, application/json;q=0", CSV, id="all-but-one"),
        pytest.param(b"application/json;q=0, application/*", LINES, id="all-of-a-kind-but-one"),
        pytest.param(b"text/csv; Q = 0.9, application/json;q=0.8", CSV, id="spaces"),
        pytest.param(b"application/json;q=high, text/csv;q=0.1", CSV, id="what-cannot-be-read"),
        pytest.param(b"text/csv;q=, */*;q=0.1", JSON, id="empty-weight"),
    ],
)
def test_an_answer_is_of_the_type_that_is_wanted_most(header: bytes, expected: str) -> None:
    assert choose_answer(header) == expected


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(b"text/html", id="another"),
        pytest.param(b"image/*", id="another-kind"),
        pytest.param(b"*/*;q=0", id="nothing"),
        pytest.param(b"application/json;q=0", id="not-this-one"),
        pytest.param(b"application/json;q=high", id="what-cannot-be-read"),
        pytest.param(b",", id="nothing-named"),
    ],
)
def test_an_answer_that_cannot_be_given_is_refused_with_those_that_can(header: bytes) -> None:
    with pytest.raises(AcceptError) as caught:
        choose_answer(header)
    assert caught.value.detail == (
        f"There is no answer in {header.decode()}; "
        "accept application/json, text/csv or application/jsonlines."
    )
