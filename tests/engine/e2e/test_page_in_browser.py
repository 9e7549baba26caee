"""The page as a browser draws it, below a proxy's prefix: its scripts run to their end."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from modelserve.artifact import Artifact

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
