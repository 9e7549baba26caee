"""A page that `export-web` wrote, in a browser, from a server of files."""

import json
import subprocess
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from modelserve.export.web import RUNTIME, TOKENIZERS

from tests.engine.browser import Browser

CHECKED = "document.getElementById('check').dataset.checked"
ASK = """
fetch("predict", {{ method: "POST", body: JSON.stringify({body}) }}).then(async (response) =>
  ({{ status: response.status, content: await response.json() }}))
"""


def pack(folder: Path) -> Path:
    """Have npm write the archives of the packages to a folder, and return it.

    Raises:
        OSError: there is no npm.
        CalledProcessError: npm reaches no registry.
    """
    packages = [each.wanted for each in (RUNTIME, TOKENIZERS)]
    subprocess.run(
        ["npm", "pack", "--silent", "--prefer-offline", *packages],
        cwd=folder,
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    return folder


class _Files(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:  # pylint: disable=arguments-differ
        """Print nothing."""


def make_server(folder: Path) -> ThreadingHTTPServer:
    """Return a server of a folder's files, at a free port of this machine."""
    return ThreadingHTTPServer(("127.0.0.1", 0), partial(_Files, directory=str(folder)))


class ExportedPage:
    """The page of an export, which a browser shows.

    Args:
        browser: shows it.
        address: of the page.
    """

    def __init__(self, browser: Browser, address: str) -> None:
        """Open the page and wait until it has checked itself."""
        self.browser = browser
        browser.open(address)
        browser.wait_for(CHECKED)

    @property
    def check(self) -> tuple[str, str]:
        """Return the outcome of the page's check of itself, and what it says."""
        outcome, text = self.browser.run(
            f"[{CHECKED}, document.getElementById('check').textContent]"
        )
        return outcome, text

    def ask(self, instances: list[dict[str, Any]]) -> tuple[int, Any]:
        """Return the status and the content of the page's answer to rows."""
        answer = self.browser.run(ASK.format(body=json.dumps({"instances": instances})))
        return answer["status"], answer["content"]


def assert_same(answer: tuple[int, Any], response: Any) -> None:
    """Check that the page answers as the service does, for what both of them say."""
    status, content = answer
    expected = response.json()
    assert status == response.status_code, (content, expected)
    for name in ("detail", "errors", "model_name", "model_version", "degraded", "warnings"):
        assert content.get(name) == expected.get(name), (content, expected)
    predictions = expected.get("predictions", [])
    assert len(content.get("predictions", [])) == len(predictions)
    for actual, wanted in zip(content.get("predictions", []), predictions, strict=True):
        assert actual.keys() == wanted.keys()
        assert actual.get("label") == wanted.get("label"), (actual, wanted)
        # The two builds of ONNX Runtime add floats in other orders.
        figures, same = (
            {name: value for name, value in each.items() if name != "label"}
            for each in (actual, wanted)
        )
        for name, value in same.items():
            assert figures[name] == pytest.approx(value, rel=2e-6, abs=2e-6)
