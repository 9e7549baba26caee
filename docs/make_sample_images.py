"""Take the pictures that a project's README shows, one pair for each sample that the template has.

    uv run --with playwright --with pillow python -m docs.make_sample_images [--browser PATH]

Each sample is baked, trained, served and asked about its own rows, of which the later ones have
changed. Needs a Chromium; on Debian, `apt-get install chromium`.
"""

import argparse
import csv
import io
import json
import random
import shutil
import subprocess
import tempfile
import tomllib
import urllib.request
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from docs.make_images import post, serving
from tests.bakery import FOLDER, BakedProject, bake_into, tool_environment

SAMPLES = {
    "iris": "scikit-learn-classifier",
    "diabetes": "scikit-learn-regressor",
    "sentiment": "huggingface-text-classifier",
}
SIZE = {"width": 1_000, "height": 700}
ROWS, COLOURS = 400, 192


def read_rows(project: BakedProject) -> list[dict]:
    """Return the rows of the sample, the numbers among them as numbers, and the target last."""
    (path,) = (project.path / "data").glob("*.csv")
    with path.open(encoding="utf-8", newline="") as stream:
        return [
            {name: number(value) for name, value in row.items()} for row in csv.DictReader(stream)
        ]


def number(text: str) -> int | float | str:
    """Return a number, or what is none."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def ask(url: str, rows: list[dict], target: str) -> None:
    """Ask about rows, of which the later half has changed, and send what turned out."""
    with urllib.request.urlopen(f"{url}/model", timeout=10) as response:
        fields = [field["name"] for field in json.load(response)["features"]]
    chance = random.Random(7)
    numeric = [name for name in fields if isinstance(rows[0][name], float)]
    label = rows[0][target]
    for count in range(ROWS):
        row = chance.choice(rows)
        asked = {name: row[name] for name in fields}
        if count > ROWS // 2 and numeric:
            asked[numeric[-1]] = round(asked[numeric[-1]] * 1.2, 4)
        elif count > ROWS // 2 and row[target] != label:
            continue  # texts: the labels' shares change
        answer = post(f"{url}/predict", {"instances": [asked]})
        truth = {"label" if isinstance(row[target], str) else "value": row[target]}
        outcome = {"inference_id": answer["inference_id"]} | truth
        post(f"{url}/feedback", {"outcomes": [outcome]})


def keep(page: Page, path: Path) -> None:
    """Write what the page shows, in as few colours as it needs."""
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{path}: {path.stat().st_size:,} bytes")


def take(sample: str, model: str, page: Page, folder: Path) -> None:
    """Bake, train and serve a sample, and take both pictures."""
    project = bake_into(folder / sample, {"model": model})
    subprocess.run(["nox", "-s", "train"], cwd=project.path, env=tool_environment(), check=True)
    script = project.path / ".venv" / "bin" / project.slug
    images = FOLDER / "_options" / "sample" / sample / "docs" / "images"
    images.mkdir(parents=True, exist_ok=True)
    rows = read_rows(project)
    target = tomllib.loads(project.read("config/training.toml"))["data"]["target"]
    with serving(project.path, script) as url:
        ask(url, rows, target)
        page.goto(url)
        if page.is_visible("#explain"):
            page.check("#explain")
        page.click("form button")
        page.wait_for_timeout(500)
        keep(page, images / "page.png")
    command = [script, "monitor", "captures", "--ground-truth", "truths"]
    done = subprocess.run(command, cwd=project.path, check=False)
    if done.returncode not in (0, 3):
        raise SystemExit(done.returncode)
    page.goto((project.path / "report" / "report.html").as_uri())
    keep(page, images / "report.png")


def main() -> None:
    """Take the pictures of every sample."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--browser", default=shutil.which("chromium"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=options.browser, args=["--no-sandbox"])
        page = browser.new_page(viewport=SIZE, color_scheme="light")
        for sample, model in SAMPLES.items():
            take(sample, model, page, Path(folder))
        browser.close()


if __name__ == "__main__":
    main()
