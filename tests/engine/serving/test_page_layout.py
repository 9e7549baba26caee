"""The page in a browser, with the longest texts and figures that it can be given."""

import json
from pathlib import Path
from typing import Any

import pytest
from modelserve.serving import playground
from modelserve.settings import Settings
from modelserve.translation import LOCALES, load_catalogue

from tests.engine.browser import Browser

pytestmark = pytest.mark.slow

LONG = "w" * 30_000
WIDTHS = (320, 375, 768, 1280)
SHARES = {LONG: 6.2831853e-05, "b": -1e-300, "c": 0.00012345678, "d": 999_949_999_999}
EXPLANATION = {"of": LONG, "base": 6.2831853e-05, "contributions": SHARES}
VALUE = {"value": 1.2345678e300, "lower": -6.2831853e-05, "upper": 999_949_999_999}
SCORED = {"label": LONG, "probabilities": {LONG: 0.5, "b": 6.2831853e-05}}
PREDICTIONS = (
    VALUE | {"explanation": EXPLANATION, "ratio": 0.123456789e-20, "note": LONG},
    SCORED | {"explanation": EXPLANATION | {"contributions": list(SHARES.items())}},
)
PROBLEM = {"pointer": f"/instances/0/{LONG}", "detail": LONG}
SHOWN = (
    *(
        f"showPrediction({json.dumps({'predictions': [each], 'warnings': [PROBLEM]})})"
        for each in PREDICTIONS
    ),
    f"showProblem({json.dumps({'detail': LONG, 'errors': [PROBLEM], 'request_id': LONG})})",
)
FILE = f"""
answerFile(new File([{json.dumps(f"x,{LONG}{chr(10)}1,{LONG}{chr(10)}")}], "rows.csv"), {{}})
"""
# How far the contents of cards reach into their padding, or over their edge.
OUTSIDE = """
[...document.querySelectorAll("header, #fields, #result")].map((card) => {
  const range = document.createRange(), edge = card.getBoundingClientRect().right;
  range.selectNodeContents(card);
  return Math.max(...[...range.getClientRects()].map(({ right }) => right - edge));
}).filter((distance) => distance > 0.5)
"""


@pytest.fixture(params=LOCALES)
def page(request: pytest.FixtureRequest, trained: Any, browser: Browser, tmp_path: Path) -> Browser:
    """Return a browser with the page of a model whose names are long."""
    names: dict[str, Any] = {
        "name": LONG,
        "version": LONG,
        "description": LONG,
        "metrics": {LONG: 1e-300},
        "positive": "yes",
        "threshold": 0.175,
    }
    field = {"name": "x", "dtype": "number", "minimum": 1e-300, "maximum": 1e300}
    file = tmp_path / "page.html"
    file.write_text(
        playground.draw(
            trained.manifest.model_copy(update=names),
            [field | {"example": 4.620055123, "nullable": False}],
            Settings(),
            key_required=False,
            catalogue=load_catalogue(request.param),
        ),
        encoding="utf-8",
    )
    browser.open(file.as_uri())
    return browser


def test_a_threshold_is_named_beside_the_probabilities(page: Browser) -> None:
    page.run(SHOWN[1])
    shown = page.run("document.querySelector('#result > small').textContent")
    expected = ("from a probability of 17.5 % on", "a partir de uma probabilidade de 17,5%")
    assert shown in [f"yes {words}" for words in expected]
    page.run(SHOWN[0])
    assert page.run("document.querySelector('#result > small')") is None


def test_the_form_begins_with_all_digits_of_the_example(page: Browser) -> None:
    assert page.run("document.getElementById('field0').value") in {"4.620055123", "4,620055123"}
    body = page.run("document.getElementById('command').textContent")
    assert '"x":4.620055123}' in body


@pytest.mark.parametrize("shown", SHOWN, ids=["value", "label", "problem"])
def test_no_answer_reaches_over_the_edge_of_its_card(page: Browser, shown: str) -> None:
    page.run(shown)
    for width in WIDTHS:
        page.emulate(width=width)
        assert page.run(OUTSIDE) == [], width
        assert page.run("document.documentElement.scrollWidth") <= width
    assert page.run("document.getElementById('result').textContent.length") < 5_000


def test_a_long_cell_of_a_file_is_shortened_on_the_page_and_whole_in_the_download(
    page: Browser,
) -> None:
    answer = json.dumps({"predictions": [{"value": 1e-20}]})
    page.run(f"globalThis.fetch = async () => new Response({json.dumps(answer)})")
    page.run(FILE)
    cells = page.run("[...document.querySelectorAll('#results td')].map((td) => td.textContent)")
    assert cells[1] == "1E-20"
    assert cells[-1].startswith("w" * 300 + "… (30")
    assert max(map(len, cells)) < 350
    for width in WIDTHS:
        page.emulate(width=width)
        assert page.run("document.documentElement.scrollWidth") <= width
        wide = "[...document.querySelectorAll('#results :is(th, td)')].filter"
        assert page.run(f"{wide}((each) => each.scrollWidth > each.clientWidth + 1).length") == 0
    saved = page.run(
        "new Promise((done) => { const taken = URL.createObjectURL; "
        "URL.createObjectURL = (blob) => "
        "{ blob.text().then(done); return taken.call(URL, blob); }; "
        f"{FILE.strip()}; }})"
    )
    assert LONG in saved
