"""Take the pictures that a project's README shows: a pair for each sample in each language.

    uv run --with playwright --with pillow python -m docs.make_sample_images [--browser PATH]

Each sample is baked, trained, served and asked about its own rows, of which the later ones have
changed. Needs a Chromium; on Debian, `apt-get install chromium`.
"""

import csv
import json
import random
import subprocess
import tempfile
import tomllib
import urllib.request
from itertools import product
from pathlib import Path

from playwright.sync_api import Page

from docs.baked_project import program
from docs.make_images import browsing, photograph_answer, photograph_report, post, serving
from tests.bakery import CHOICES, FOLDER, BakedProject, bake_into, tool_environment

SAMPLES = {
    "iris": "scikit-learn-classifier",
    "diabetes": "scikit-learn-regressor",
    "sentiment": "huggingface-text-classifier",
}
HEIGHT, ROWS = 700, 400


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


def take(sample: str, language: str, page: Page, folder: Path) -> None:
    """Bake, train and serve a sample, and take both pictures."""
    name = f"{sample}-{language}"
    project = bake_into(folder / name, {"model": SAMPLES[sample], "language": language})
    subprocess.run(["nox", "-s", "train"], cwd=project.path, env=tool_environment(), check=True)
    script = program(project.path)
    images = FOLDER / "_options" / "pictures" / name / "docs" / "images"
    images.mkdir(parents=True, exist_ok=True)
    rows = read_rows(project)
    target = tomllib.loads(project.read("config/training.toml"))["data"]["target"]
    with serving(project.path, script) as url:
        ask(url, rows, target)
        photograph_answer(page, url, images / "page.png", HEIGHT)
    photograph_report(page, project.path, script, images / "report.png", HEIGHT)


def main() -> None:
    """Take the pictures of every sample in every language."""
    with browsing(__doc__) as page, tempfile.TemporaryDirectory() as folder:
        for sample, language in product(SAMPLES, CHOICES["language"]):
            take(sample, language, page, Path(folder))


if __name__ == "__main__":
    main()
