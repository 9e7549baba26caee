"""The report by axe-core's rules, on a phone and a desk, light and dark, and by the keyboard."""

from pathlib import Path

import pytest
from modelserve.manifest import Manifest
from modelserve.monitoring.report.page import render
from modelserve.monitoring.results.result import MonitoringResult
from modelserve.translation import LOCALES, Locale, load_catalogue

from tests.engine.accessibility import VIEWS, Accessibility

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


@pytest.fixture(params=LOCALES)
def address(
    request: pytest.FixtureRequest, violated: MonitoringResult, manifest: Manifest, tmp_path: Path
) -> str:
    """Return the address of a report with every section, in each language."""
    locale: Locale = request.param
    path = tmp_path / "report.html"
    page = render(violated, manifest, catalogue=load_catalogue(locale))
    path.write_text(page, encoding="utf-8")
    return path.as_uri()


def test_the_report_violates_no_rule(accessibility: Accessibility, address: str) -> None:
    browser = accessibility.browser
    for width, scheme in VIEWS:
        browser.emulate(width=width, scheme=scheme)
        browser.open(address)
        browser.run("for (const each of document.querySelectorAll('details')) each.open = true")
        assert accessibility.violations() == [], (width, scheme)
        assert browser.run("document.documentElement.scrollWidth") <= width


def test_the_report_is_read_by_keyboard(accessibility: Accessibility, address: str) -> None:
    accessibility.browser.emulate(width=1280)
    accessibility.browser.open(address)
    assert accessibility.without_focus() == []


def test_the_printed_report_is_light_and_whole(accessibility: Accessibility, address: str) -> None:
    browser = accessibility.browser
    browser.emulate(width=1280, scheme="dark", media="print")
    browser.open(address)
    colours = "getComputedStyle(document.documentElement).getPropertyValue('--ink').trim()"
    assert browser.run(colours) == "#1c1e21"
    folded = "[...document.querySelectorAll('details:not([open]) table')]"
    assert browser.run(f"{folded}.length") > 0
    assert browser.run(f"{folded}.every((each) => each.checkVisibility())")
