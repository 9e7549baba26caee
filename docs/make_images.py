"""Take the README's pictures, of a project that is baked, trained, served and asked for them.

    uv run --with playwright --with pillow python docs/make_images.py [--browser /usr/bin/chromium]

Needs a Chromium; on Debian, `apt-get install chromium`.
"""

import argparse
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

from cookiecutter.main import cookiecutter
from PIL import Image
from playwright.sync_api import sync_playwright

TEMPLATE = Path(__file__).parents[1]
IMAGES = Path(__file__).with_name("images")
SIZE = {"width": 1_000, "height": 680}
GROUPS = ("north", "south")


def post(url, body):
    """Post JSON and return the JSON that comes back."""
    with urllib.request.urlopen(url, json.dumps(body).encode(), timeout=10) as response:
        return json.load(response)


@contextmanager
def serving(project, script):
    """Serve, keeping what is asked; yield the address."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    environment = os.environ | {"CAPTURE_DIR": "captures", "GROUND_TRUTH_DIR": "truths"}
    command = [script, "serve", "--port", str(port)]
    process = subprocess.Popen(command, cwd=project, env=environment)
    try:
        for _ in range(200):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def ask(url, rows):
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


def read_rows(path):
    """Return the rows of a CSV file, each with its label."""
    head, *lines = path.read_text(encoding="utf-8").splitlines()
    names = head.split(",")[:-1]
    fields = [line.split(",") for line in lines]
    return [(dict(zip(names, map(float, values), strict=True)), label) for *values, label in fields]


def photograph(page, name):
    """Write a picture of a page; with 256 colours it looks the same and is a third of the size."""
    path = IMAGES / name
    page.screenshot(path=path)
    with Image.open(path) as image:
        few = image.convert("RGB").quantize(256, dither=Image.Dither.NONE)
    few.save(path, optimize=True)


def main():
    """Make both pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--browser", default=shutil.which("chromium"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        project = Path(cookiecutter(str(TEMPLATE), no_input=True, output_dir=folder))
        config = project / "config" / "monitoring.toml"
        text = config.read_text(encoding="utf-8")
        config.write_text(text.replace("groups = []", f"groups = {json.dumps(GROUPS)}"))
        subprocess.run(["nox", "-s", "train"], cwd=project, check=True)
        script = project / ".venv" / "bin" / project.name
        browser = playwright.chromium.launch(executable_path=options.browser, args=["--no-sandbox"])
        page = browser.new_page(viewport=SIZE, color_scheme="light")
        IMAGES.mkdir(exist_ok=True)
        with serving(project, script) as url:
            ask(url, read_rows(project / "data" / "iris.csv"))
            page.goto(url)
            page.check("#explain")
            page.click("form button")
            page.wait_for_timeout(500)
            photograph(page, "page.png")
        told = subprocess.run(
            [script, "monitor", "captures", "--ground-truth", "truths"], cwd=project, check=False
        )
        if told.returncode not in (0, 3):
            sys.exit(told.returncode)
        page.set_viewport_size(SIZE | {"height": 1_150})
        page.goto((project / "report" / "report.html").as_uri())
        photograph(page, "report.png")
        browser.close()


if __name__ == "__main__":
    main()
