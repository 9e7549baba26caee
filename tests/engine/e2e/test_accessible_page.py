"""The page in a browser: by axe-core's rules, by the keyboard, and in Portuguese."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from modelserve.artifact import Artifact

from tests.engine.accessibility import VIEWS, Accessibility
from tests.engine.browser import Browser

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

FAMILIES = ("iris", "diabetes", "sentiment")
SUBMIT = "document.getElementById('form').requestSubmit()"
FIRST = "document.getElementById('field0')"
SPOIL = f"{FIRST}.value = 'abc'; {FIRST}.dispatchEvent(new Event('input', {{ bubbles: true }}))"
EXPLAIN = "document.getElementById('explain').click()"


def feature_names(trained: Artifact) -> list[str]:
    """Return the names of the model's features."""
    return [each.name for each in trained.manifest.features]


@pytest.fixture
def rows_file(golden: list[dict[str, Any]], trained: Artifact, tmp_path: Path) -> Path:
    """Return a CSV file of golden inputs, one of which is invalid."""
    names = feature_names(trained)
    rows = [{name: each["input"].get(name, "") for name in names} for each in golden]
    if trained.manifest.modality == "table":
        rows[1][names[0]] = "abc"
    path = tmp_path / "rows.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, names)
        writer.writeheader()
        writer.writerows(rows)
    return path


def show(browser: Browser, state: str, rows_file: Path) -> None:
    """Bring the page that is open into a state."""
    if state == "answered":
        browser.run(SUBMIT)
        browser.wait_for("document.querySelector('.answer')")
    elif state == "explained":
        browser.run(f"{EXPLAIN}; {SUBMIT}")
        browser.wait_for("document.querySelector('.share')")
    elif state == "rejected":
        browser.run(f"{SPOIL}; {SUBMIT}")
        browser.wait_for("document.querySelector('#result .complaint')")
    elif state == "file":
        browser.choose_file("#file", rows_file)
        browser.wait_for("!document.getElementById('results').hidden")


def states(trained: Artifact) -> list[str]:
    """Return the states of a model's page; any text is valid."""
    rejected = ["rejected"] if trained.manifest.modality == "table" else []
    return ["initial", "answered", "explained", *rejected, "file"]


def test_the_page_violates_no_rule(
    serve: Callable[..., Any], accessibility: Accessibility, trained: Artifact, rows_file: Path
) -> None:
    service, browser = serve(), accessibility.browser
    for width, scheme in VIEWS:
        browser.emulate(width=width, scheme=scheme)
        for state in states(trained):
            browser.open(f"http://127.0.0.1:{service.port}/")
            show(browser, state, rows_file)
            assert accessibility.violations() == [], (width, scheme, state)
            assert browser.run("document.documentElement.scrollWidth") <= width, (width, state)


def test_the_page_is_used_by_keyboard(
    serve: Callable[..., Any], accessibility: Accessibility, rows_file: Path
) -> None:
    service, browser = serve(), accessibility.browser
    browser.emulate(width=1280)
    browser.open(f"http://127.0.0.1:{service.port}/")
    show(browser, "file", rows_file)
    assert accessibility.without_focus() == []


def test_the_page_is_portuguese(
    serve: Callable[..., Any], browser: Browser, trained: Artifact, rows_file: Path
) -> None:
    service = serve(LOCALE="pt-BR")
    browser.emulate(width=1280)
    browser.open(f"http://127.0.0.1:{service.port}/")
    assert browser.run("document.documentElement.lang") == "pt-BR"
    assert browser.run("document.querySelector('#form button').textContent") == "Prever"
    show(browser, "explained", rows_file)
    text = browser.run("document.body.innerText")
    assert "Explicação" in text
    assert "No máximo 10.000 linhas e 20 MB." in text
    base = "Sem nenhuma palavra" if trained.manifest.modality == "text" else "em média, "
    assert base in text
    assert "dentro da faixa do treino" in text
    show(browser, "file", rows_file)
    assert "respondidas em " in browser.run("document.getElementById('state').textContent")
    head = browser.run("document.querySelector('#results thead').textContent")
    assert head.startswith(("linharótuloprobabilidade de ", "linhavalorlimite inferiorlimite"))
    if trained.manifest.modality == "table":
        browser.run(f"{SPOIL.replace('abc', '0,05')}")
        (body,) = browser.run("document.getElementById('command').textContent.match(/{.*}/s)")
        assert json.loads(body)["instances"][0][feature_names(trained)[0]] == 0.05
        assert "0,05" in browser.run("document.getElementById('field0').value")
