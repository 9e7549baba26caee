"""The page of `export-web` checks itself, and asks nobody else."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.engine.accessibility import Accessibility
from tests.engine.exported_page import ExportedPage, make_server

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

ASK_OTHER = """
new Promise((done) => {{
  addEventListener("securitypolicyviolation", (event) => done(event.blockedURI));
  fetchFile({address}, {{ mode: "no-cors" }}).then(() => done("answered"), () => undefined);
}})
"""

Open = Callable[..., ExportedPage]
Write = Callable[..., Path]


def test_fields_that_the_service_ignores_are_ignored(
    open_export: Open, write_export: Write, row: dict[str, Any]
) -> None:
    status, _ = open_export(write_export(extra_fields="ignore")).ask([row | {"more": 1}])
    assert status == 200


def test_the_address_of_the_page_can_be_opened_again(
    open_export: Open, write_export: Write
) -> None:
    page = open_export(write_export(), "index.html")
    assert page.check[0] == "right"
    assert page.browser.run("fetchFile(location.href).then(({ ok }) => ok)") is True


def test_the_page_may_ask_no_other_origin(
    open_export: Open, write_export: Write, tmp_path: Path, listen: Callable[..., None]
) -> None:
    page = open_export(write_export())
    (tmp_path / "other").mkdir()
    other = make_server(tmp_path / "other")
    listen(other)
    address = f"http://127.0.0.1:{other.server_port}/"
    asked = page.browser.run(ASK_OTHER.format(address=json.dumps(address)))
    assert asked == address


def test_the_page_says_when_it_answers_otherwise_than_in_training(
    open_export: Open, write_export: Write
) -> None:
    folder = write_export()
    path = folder / "golden.json"
    cases = json.loads(path.read_text(encoding="utf-8"))
    cases[0]["output"][0] += 0.01 * max(1, abs(cases[0]["output"][0]))
    path.write_text(json.dumps(cases), encoding="utf-8")
    outcome, text = open_export(folder).check
    assert outcome == "wrong"
    assert f"for 1 of {len(cases)} golden cases" in text


def test_without_golden_cases_the_page_claims_nothing(
    open_export: Open, write_export: Write
) -> None:
    folder = write_export()
    (folder / "golden.json").unlink()
    outcome, text = open_export(folder).check
    assert (outcome, "golden" in text) == ("right", False)


def test_a_model_that_cannot_be_loaded_is_reported(open_export: Open, write_export: Write) -> None:
    folder = write_export()
    (folder / "model.onnx").write_bytes(b"no graph")
    outcome, text = open_export(folder).check
    assert outcome == "wrong"
    assert "The model cannot be loaded" in text


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_violates_no_rule_of_axe(
    open_export: Open, write_export: Write, accessibility: Accessibility, scheme: str
) -> None:
    accessibility.browser.emulate(width=390, scheme=scheme)
    open_export(write_export())
    assert accessibility.violations() == []
