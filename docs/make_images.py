"""Take the READMEs' pictures, of a project that is baked, trained, served and asked for them.

    uv run --with playwright --with pillow python -m docs.make_images [--browser /usr/bin/chromium]

Needs a Chromium; on Debian, `apt-get install chromium`.
"""

import argparse
import io
import json
import random
import shutil
import subprocess
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from docs.baked_project import GROUPS, bake_with_groups, program, running
from tests.readme_commands import free_port

IMAGES = Path(__file__).with_name("images")
WIDTH, COLOURS = 1_000, 192


def post(url: str, body: object) -> dict:
    """Post JSON and return the JSON that comes back."""
    with urllib.request.urlopen(url, json.dumps(body).encode(), timeout=10) as response:
        return json.load(response)


@contextmanager
def serving(project: Path, script: str) -> Iterator[str]:
    """Serve, keeping what is asked; yield the address."""
    url = f"http://127.0.0.1:{free_port()}"
    command = [script, "serve", "--port", url.rpartition(":")[2]]
    kept = {"CAPTURE_DIR": "captures", "GROUND_TRUTH_DIR": "truths"}
    with running(command, project, f"{url}/health/ready", **kept):
        yield url


@contextmanager
def browsing(doc: str) -> Iterator[Page]:
    """Read the options of a command line; yield a page of the browser that they name."""
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    parser.add_argument("--browser", default=shutil.which("chromium"))
    options = parser.parse_args()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=options.browser, args=["--no-sandbox"])
        yield browser.new_page(color_scheme="light")
        browser.close()


def photograph(page: Page, path: Path, height: int) -> None:
    """Write what a page shows; in few colours it looks the same and is a third of the size."""
    page.set_viewport_size({"width": WIDTH, "height": height})
    page.evaluate("scrollTo({ top: 0, behavior: 'instant' })")  # an answer scrolls into view
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{path}: {path.stat().st_size:,} bytes")


def photograph_answer(page: Page, url: str, path: Path, height: int) -> None:
    """Have the page at an address predict, with an explanation where it offers one."""
    page.goto(f"{url}/#predict")
    page.wait_for_timeout(500)
    photograph(page, path, height)


def photograph_report(page: Page, project: Path, script: str, path: Path, height: int) -> None:
    """Monitor what a project has kept and show the report.

    Raises:
        CalledProcessError: the monitoring has failed.
    """
    command = [script, "monitor", "captures", "--ground-truth", "truths"]
    done = subprocess.run(command, cwd=project, check=False)
    if done.returncode != 3:  # thresholds are exceeded, as they should be
        done.check_returncode()
    page.goto((project / "report" / "report.html").as_uri())
    photograph(page, path, height)


def ask(url: str, rows: list[tuple[dict[str, float], str]]) -> None:
    """Ask about rows, of which the later ones have grown, and tell how it turned out."""
    chance = random.Random(7)
    for number in range(600):
        row, label = chance.choice(rows)
        if number > 300:
            row = row | {"petal_length": round(row["petal_length"] + 1 + chance.random(), 1)}
        answer = post(f"{url}/predict", {"instances": [row]})
        truth = {
            "inference_id": answer["inference_id"],
            "label": label,
            "group": chance.choice(GROUPS),
        }
        if chance.random() < 0.5:
            post(f"{url}/feedback", {"outcomes": [truth]})


def read_rows(path: Path) -> list[tuple[dict[str, float], str]]:
    """Return the rows of a CSV file, each with its label."""
    head, *lines = path.read_text(encoding="utf-8").splitlines()
    names = head.split(",")[:-1]
    fields = [line.split(",") for line in lines]
    return [(dict(zip(names, map(float, values), strict=True)), label) for *values, label in fields]


def take(page: Page, folder: str, language: str, ending: str) -> None:
    """Take both pictures in a language."""
    project = bake_with_groups(folder, language=language)
    script = program(project)
    with serving(project, script) as url:
        ask(url, read_rows(project / "data" / "iris.csv"))
        photograph_answer(page, url, IMAGES / f"page.{ending}", 680)
    photograph_report(page, project, script, IMAGES / f"report.{ending}", 1_150)


def main() -> None:
    """Take both pictures in each language."""
    with browsing(__doc__) as page:
        for language, ending in {"en": "png", "pt-BR": "pt-BR.png"}.items():
            with tempfile.TemporaryDirectory() as folder:
                take(page, folder, language, ending)


if __name__ == "__main__":
    main()
