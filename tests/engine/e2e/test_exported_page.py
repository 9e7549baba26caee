"""The page of `export-web` answers in a browser as the service does."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from modelserve.artifact import Artifact
from starlette.testclient import TestClient

from tests.engine.exported_page import ExportedPage, assert_same

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

FAMILIES = ("iris", "diabetes", "sentiment")
FIRST = "document.getElementById('field0')"
SUBMIT = "document.getElementById('form').requestSubmit()"
RESULT = "document.getElementById('result').textContent"

Open = Callable[..., ExportedPage]
Write = Callable[..., Path]


def bad_rows(trained: Artifact, row: dict[str, Any]) -> list[list[dict[str, Any]]]:
    """Return requests that are invalid, each for a reason of its own."""
    name = trained.manifest.features[0].name
    text = trained.manifest.modality == "text"
    values: list[Any] = ["", " \u200b", "x" * 20_001] if text else ["abc", 1e39, -4e38]
    values += [None, True, 1 if text else [1], {}]
    requests = [[row | {name: value}] for value in values]
    lacking = {key: value for key, value in row.items() if key != name}
    return [*requests, [lacking], [row | {"a/b~c": 1}], [row, lacking, row | {name: []}]]


def test_the_page_answers_the_golden_cases_as_training_and_the_service_do(
    open_export: Open, write_export: Write, client: TestClient, golden: list[dict[str, Any]]
) -> None:
    page = open_export(write_export())
    outcome, text = page.check
    assert outcome == "right"
    assert f"all {len(golden)} golden cases" in text
    rows = [case["input"] for case in golden]
    for instances in (rows, rows[:1]):
        assert_same(page.ask(instances), client.post("/predict", json={"instances": instances}))


@pytest.mark.parametrize("locale", ["en", "pt-BR"])
def test_the_page_rejects_what_the_service_rejects_in_the_same_words(
    open_export: Open,
    write_export: Write,
    make_client: Callable[..., TestClient],
    locale: str,
    trained: Any,
    row: dict[str, Any],
) -> None:
    page, client = open_export(write_export(locale=locale)), make_client(locale=locale)
    for instances in bad_rows(trained, row):
        response = client.post("/predict", json={"instances": instances})
        assert response.status_code == 422
        assert_same(page.ask(instances), response)


def test_the_form_shows_the_answer_and_marks_an_invalid_field(
    open_export: Open, write_export: Write, trained: Artifact
) -> None:
    page = open_export(write_export())
    page.browser.run(SUBMIT)
    page.browser.wait_for("document.querySelector('.answer')")
    text = trained.manifest.modality == "text"
    page.browser.run(f"{FIRST}.value = '{'' if text else 'abc'}'; {SUBMIT}")
    page.browser.wait_for("document.querySelector('#result .complaint')")
    assert "The input has 1 problem." in page.browser.run(RESULT)
    assert page.browser.run(f"{FIRST}.getAttribute('aria-invalid')") == "true"
    assert page.browser.run("document.querySelectorAll('a[href]:not([download])').length") == 0
