"""The digests in cookiecutter.json are those of the Dockerfile that Dependabot renews."""

import json
import shutil
from pathlib import Path

import yaml

from tests.bakery import CHOICES, QUESTIONS, TEMPLATE
from tests.renew import named_images, renew_images

FOLDER = ".github/python-images"
RENEW = "run `uv run python -m tests.renew images`"


def test_both_files_name_the_same_images() -> None:
    """One for each Python that a project may have, each by its digest."""
    images = QUESTIONS["_python_images"]
    assert named_images() == images, RENEW
    assert set(images) == {*CHOICES["python_version"]}
    assert all("@sha256:" in image for image in images.values())


def test_dependabot_renews_digests_of_the_same_pythons() -> None:
    """A Python that no question offers would be another choice."""
    config = yaml.safe_load((TEMPLATE / ".github" / "dependabot.yml").read_text(encoding="utf-8"))
    (images,) = (each for each in config["updates"] if each["package-ecosystem"] == "docker")
    assert images["directory"] == f"/{FOLDER}"
    (ignored,) = images["ignore"]
    kept = [f"version-update:semver-{part}" for part in ("major", "minor")]
    assert ignored == {"dependency-name": "python", "update-types": kept}


def test_a_renewed_digest_reaches_the_questions(template) -> None:
    """And changes nothing else in them."""
    shutil.copytree(TEMPLATE / FOLDER, template.path / FOLDER)
    dockerfile: Path = template.path / FOLDER / "Dockerfile"
    before = (template.path / "cookiecutter.json").read_text(encoding="utf-8")
    image = QUESTIONS["_python_images"]["3.13"]
    renewed = f"{image.partition('@')[0]}@sha256:{'0' * 64}"
    text = dockerfile.read_text(encoding="utf-8")
    dockerfile.write_text(text.replace(image, renewed), encoding="utf-8")
    renew_images(template.path)
    after = (template.path / "cookiecutter.json").read_text(encoding="utf-8")
    assert after == before.replace(image, renewed)
    assert json.loads(after)["_python_images"]["3.13"] == renewed
