"""Every tutorial is worked through as written: its commands, its edits, its files, its outputs."""

import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.bakery import TEMPLATE, BakedProject
from tests.project_tools import change_config
from tests.readme_commands import SERVED, Shell, is_complete, publish

FOLDER = TEMPLATE / "docs" / "tutorials"
BLOCK = re.compile(r"^```(console|toml|python)\n(.*?)^```$", re.M | re.S)
HEADING = re.compile(r"^## (.*)$", re.M)
ELSEWHERE = (
    "(needs your account)"  # ends the heading of what tests/cloud_run/test_tutorial.py checks
)
STOPS = "Ctrl+C"  # in the sentence before a block

pytestmark = [
    pytest.mark.covering,
    pytest.mark.skipif(sys.platform == "win32", reason="there is no bash"),
]


class Step(NamedTuple):
    """What a reader does at a block: its language, its text, the prose before it, its section."""

    kind: str
    text: str
    before: str
    heading: str


def steps_of(page: str) -> Iterator[Step]:
    """Yield the blocks of a page."""
    end = 0
    for match in BLOCK.finditer(page):
        headings = HEADING.findall(page, 0, match.start())
        heading = headings[-1] if headings else ""
        yield Step(match[1], match[2], page[end : match.start()], heading)
        end = match.end()


def commands_of(block: str) -> list[tuple[str, list[str]]]:
    """Return the commands of a console block, each with what is shown of its output."""
    commands: list[tuple[str, list[str]]] = []
    for line in block.splitlines():
        if line.startswith("$ "):
            commands.append((line.removeprefix("$ "), []))
        elif commands and not is_complete(commands[-1][0]):
            commands[-1] = (f"{commands[-1][0]}\n{line}", [])
        else:
            commands[-1][1].append(line)
    return commands


def absent(shown: list[str], said: str) -> str:
    """Return the first piece of an output that a command did not print in that order, or ""."""
    place = 0
    for line in shown:
        for piece in filter(None, (piece.strip() for piece in line.split("…"))):
            place = said.find(piece, place)
            if place < 0:
                return piece
            place += len(piece)
    return ""


def work_through(page: str, shell: Shell, folder: Path) -> None:
    """Do what a tutorial says.

    Args:
        page: the tutorial.
        shell: where commands are typed.
        folder: where the shell starts.
    """
    project = folder
    for step in steps_of(page):
        if step.heading.endswith(ELSEWHERE):
            continue
        if STOPS in step.before:
            shell.stop_service()
        if step.kind == "toml":
            change_config(BakedProject(project, {}), step.text)
        elif step.kind == "python":
            first, _, text = step.text.partition("\n")
            name = first.removeprefix("# ")
            (project / name).write_text(
                text.replace(SERVED, f"127.0.0.1:{shell.port}"), encoding="utf-8"
            )
        for command, shown in commands_of(step.text) if step.kind == "console" else ():
            said = shell.type(command)
            assert not (piece := absent(shown, said)), f"{command}: no {piece!r} in\n{said}"
            if command.startswith("cd "):
                project /= command.removeprefix("cd ")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return an empty folder of a reader's."""
    folder = tmp_path / "reader"
    folder.mkdir()
    return folder


@pytest.fixture
def shell(folder: Path, tmp_path: Path) -> Iterator[Shell]:
    """Return a shell in it, with a Python of its own and the template published."""
    for program in ("git", "curl"):
        if not shutil.which(program):
            pytest.skip(f"there is no {program} here")
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / ".curlrc").write_text("fail-with-body\n", encoding="utf-8")
    shell = Shell(folder, publish(tmp_path / "of") | {"CURL_HOME": str(tmp_path / "home")})
    try:
        shell.type(f"{sys.executable} -m venv {tmp_path / 'python'}")
        shell.type(f'export PATH="{tmp_path / "python" / "bin"}:$PATH"')
        yield shell
    finally:
        shell.close()


@pytest.mark.parametrize("name", [path.stem for path in sorted(FOLDER.glob("*.md"))])
def test_a_tutorial_works_as_written(shell: Shell, folder: Path, name: str) -> None:
    """And what it shows of an output is printed."""
    page = (FOLDER / f"{name}.md").read_text(encoding="utf-8")
    work_through(page, shell, folder)


def test_an_output_that_is_not_printed_is_noticed() -> None:
    """In the order of the page, whatever lies between."""
    said = "accuracy 0.9855, passed\n69 test rows\n"
    assert absent(["accuracy …, passed", "…", "69 test rows"], said) == ""
    assert absent(["accuracy 0.9856"], said) == "accuracy 0.9856"
    assert absent(["69 test rows", "passed"], said) == "passed"
