"""The page as a browser draws it, below a proxy's prefix: its scripts run to their end."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from modelserve.artifact import Artifact

from tests.engine.browser import Browser

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

FAMILIES = ("iris", "diabetes", "sentiment")
BROWSERS = ("chromium", "google-chrome", "chromium-browser")


@pytest.fixture
def draw(without: Callable[[str], None]) -> Callable[[str], str]:
    """Return a function that opens a page and returns what its scripts have made of it."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        without("chromium")

    def dump(url: str) -> str:
        words = ["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=5000"]
        done = subprocess.run(
            [str(browser), *words, "--dump-dom", url], capture_output=True, check=True, timeout=60
        )
        return unescape(done.stdout.decode())

    return dump


def test_the_page_shows_every_field_with_its_place_in_trainings_range(
    serve: Callable[..., Any], draw: Callable[[str], str], trained: Artifact
) -> None:
    service = serve(ROOT_PATH="/models/a")
    page = draw(f"http://127.0.0.1:{service.port}/models/a/")
    words = re.findall(r'id="words\d+">([^<]*)', page)
    assert words == [f"{each.seen}: within training's range" for each in trained.manifest.features]
    assert "At most 10,000 rows" in page
    body = re.search(r"-d '(.*)'</pre>", page)
    assert body
    examples = {each.name: each.example for each in trained.manifest.features}
    assert json.loads(body[1])["instances"] == [examples]
    status, _ = service.ask("POST", "/predict", json.loads(body[1]))
    assert status == 200
    assert f"curl http://127.0.0.1:{service.port}/models/a/predict" in page


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_row_of_a_file_with_a_value_too_many_is_not_answered(
    serve: Callable[..., Any], browser: Browser, trained: Artifact, tmp_path: Path, encoding: str
) -> None:
    examples = {each.name: str(each.example) for each in trained.manifest.features}
    rows = [",".join(examples), '"' + '","'.join(examples.values()) + '"']
    rows.append(rows[1] + ",and the rest of a text without quotes")
    (file := tmp_path / "rows.csv").write_text("\n".join(rows), encoding=encoding)
    browser.open(f"http://127.0.0.1:{serve().port}/")
    browser.choose_file("#file", file)
    browser.wait_for("!document.getElementById('results').hidden")
    assert "1 row answered in" in browser.run("document.getElementById('state').textContent")
    (note,) = browser.run("[...document.querySelectorAll('.rejected')].map((row) => row.innerText)")
    assert "more values than the first line has names" in note


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        pytest.param(b"", "The file has no first line that names columns.", id="empty"),
        pytest.param(
            b"PK\x03\x04\x14\x00", "The file is an Excel workbook or a ZIP", id="workbook"
        ),
        pytest.param(b"\xd0\xcf\x11\xe0\xa1", "The file is an Excel workbook", id="old workbook"),
        pytest.param(b"PAR1\x15\x00\n\x15", "The file is no text;", id="no text"),
        pytest.param(b"a;b\n1;2\n", "Columns that the file lacks: ", id="other columns"),
    ],
)
def test_a_file_that_is_no_table_of_the_model_is_told_from_others(
    serve: Callable[..., Any], browser: Browser, tmp_path: Path, content: bytes, problem: str
) -> None:
    (file := tmp_path / "rows.csv").write_bytes(content)
    browser.open(f"http://127.0.0.1:{serve().port}/")
    browser.choose_file("#file", file)
    browser.wait_for(f"document.getElementById('state').textContent.startsWith('{problem}')")


def test_an_address_may_ask_for_an_answer(
    serve: Callable[..., Any], draw: Callable[[str], str]
) -> None:
    """A project's README takes its picture so; the page stays where it is."""
    service = serve()
    page = draw(f"http://127.0.0.1:{service.port}/#predict")
    assert 'class="answer"' in page
    assert 'class="shares"' in page
    assert "The answer appears here." not in page
    assert "explain" in re.findall(r"-d '(.*)'</pre>", page)[0]
    assert 'class="answer"' not in draw(f"http://127.0.0.1:{service.port}/")
