"""The library is the same in every project, and its hashes are up to date."""

import json
import subprocess

from tests.bakery import FOLDER, LIBRARY, TEMPLATE, BakedProject
from tests.renew import vendored_listing

INSIDE = "vendor/modelserve/"


def test_vendored_json_is_up_to_date() -> None:
    """It is renewed by `uv run python -m tests.renew vendored`."""
    assert json.loads((LIBRARY / "VENDORED.json").read_text(encoding="utf-8")) == json.loads(
        vendored_listing()
    )


def test_vendored_json_lists_what_git_has() -> None:
    """No file of the library is left out of the check, and none is listed that is not shipped."""
    listed = json.loads((LIBRARY / "VENDORED.json").read_text(encoding="utf-8"))["files"]
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    done = subprocess.run(command, cwd=LIBRARY, check=True, capture_output=True, text=True)
    shipped = {name for name in done.stdout.split("\0") if name and (LIBRARY / name).exists()}
    assert {*listed, "VENDORED.json"} == shipped


def test_the_library_is_the_same_in_every_project(project: BakedProject) -> None:
    """Byte for byte as in the template, without a file more or less."""
    baked = {
        name: content for name, content in project.contents().items() if name.startswith(INSIDE)
    }
    listed = json.loads((LIBRARY / "VENDORED.json").read_text(encoding="utf-8"))["files"]
    names = [f"{INSIDE}{name}" for name in (*listed, "VENDORED.json")]
    assert baked == {name: (FOLDER / name).read_bytes() for name in names}
    assert [path.name for path in (project.path / "vendor").iterdir()] == ["modelserve"]


def test_the_library_names_no_project() -> None:
    """Cookiecutter copies it and renders nothing in it."""
    listed = json.loads((LIBRARY / "VENDORED.json").read_text(encoding="utf-8"))["files"]
    rendered = [name for name in listed if b"cookiecutter." in (LIBRARY / name).read_bytes()]
    assert not rendered
    assert (
        "vendor"
        in json.loads((TEMPLATE / "cookiecutter.json").read_bytes())["_copy_without_render"]
    )
