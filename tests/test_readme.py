"""What the README shows and claims is so: addresses, badges, figures, pictures, comparison."""

import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import yaml

from tests.bakery import CHOICES, FOLDER, TEMPLATE
from tests.readme_commands import ADDRESS, commands_in_prose, console_commands

README = (TEMPLATE / "README.md").read_text(encoding="utf-8")
DOCUMENTS = ("*.md", "docs/**/*.md")
NAMED = re.compile(
    r"gh:([\w.-]+/[\w.-]+?)(?=[\s`,]|$)|github\.com/([\w.-]+/[\w.-]+)/actions"
    r"|cruft \w+ https://github\.com/([\w.-]+/[\w.-]+)"
    r"|shields\.io/github/[\w/]+/([\w.-]+/[\w.-]+?)\)"
)
SVG = "{http://www.w3.org/2000/svg}"
RECORDING = TEMPLATE / "docs" / "images" / "terminal.svg"


def addresses(folder: Path) -> dict[str, set[str]]:
    """Return, by document, which repositories commands and badges name as the template's."""
    named = {}
    for path in sorted(path for pattern in DOCUMENTS for path in folder.glob(pattern)):
        found = NAMED.findall(path.read_text(encoding="utf-8"))
        named[path.relative_to(folder).as_posix()] = {"".join(each) for each in found}
    return {path: names for path, names in named.items() if names}


def test_every_document_names_the_same_address() -> None:
    """That of `tests/readme_commands.py`."""
    named = addresses(TEMPLATE)
    assert {"README.md", "docs/quickstart.md"} <= set(named)
    assert all(names == {ADDRESS} for names in named.values()), named


@pytest.mark.skipif(sys.platform == "win32", reason="the command is for a shell")
def test_one_command_sets_the_address(tmp_path: Path) -> None:
    """The one in CONTRIBUTING.md, for whoever publishes the template."""
    if not shutil.which("git"):
        pytest.skip("there is no git here")
    contributing = (TEMPLATE / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"`(sed -i [^`]*OWNER/NAME[^`]*)`", contributing)
    for name in ("README.md", "docs/quickstart.md", "tests/readme_commands.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(TEMPLATE / name, tmp_path / name)
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    subprocess.run(["git", "add", "--all"], cwd=tmp_path, check=True)
    subprocess.run(["bash", "-c", command], cwd=tmp_path, check=True)
    assert all(names == {"OWNER/NAME"} for names in addresses(tmp_path).values())
    changed = (tmp_path / "tests" / "readme_commands.py").read_text(encoding="utf-8")
    assert 'ADDRESS = "OWNER/NAME"' in changed


def test_badges_say_what_is_so() -> None:
    """The licence, the Pythons that CI runs, the workflow, and where releases are listed."""
    workflow = yaml.safe_load((TEMPLATE / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
    pythons = workflow["jobs"]["everything"]["strategy"]["matrix"]["python"]
    assert f"python-{pythons[0]}_to_{pythons[-1]}-" in README
    assert f"[![Python {pythons[0]} to {pythons[-1]}]" in README
    assert "licence-MIT-" in README
    assert (TEMPLATE / "LICENSE").read_text(encoding="utf-8").startswith("MIT License")
    assert f"github.com/{ADDRESS}/actions/workflows/ci.yml/badge.svg" in README
    assert f"github/v/release/{ADDRESS}" in README


def test_every_figure_is_one_of_the_benchmarks() -> None:
    """A figure is measured anew in docs/benchmarks.md, and then copied."""
    (section,) = re.findall(r"^## Measured\n(.*?)^## ", README, re.M | re.S)
    benchmarks = (TEMPLATE / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    figures = re.findall(r"\d[\d.,]*\d|\d", section)
    assert len(figures) > 5
    assert [each for each in figures if not re.search(rf"\b{re.escape(each)}\b", benchmarks)] == []


def test_the_recording_is_of_the_commands_in_the_readme() -> None:
    """Renewed by `python -m docs.record_terminal`."""
    root = ET.parse(RECORDING).getroot()
    lines: dict[str, str] = {}
    for text in root.iter(f"{SVG}text"):
        place = text.attrib["clip-path"]
        lines[place] = lines.get(place, "") + (text.text or "").replace("\N{NO-BREAK SPACE}", " ")
    shown = "\n".join(lines.values())
    commands = console_commands(README)
    first = next(number for number, each in enumerate(commands) if "cookiecutter" in each)
    for command in commands[first : first + 4]:
        for line in command.split("\n"):
            assert line.strip() in shown, line
    assert '{"predictions":[{"label":"setosa"' in shown


def test_the_recording_is_small_named_and_asks_no_other_host() -> None:
    """It moves for nobody who wants less motion."""
    text = RECORDING.read_text(encoding="utf-8")
    assert len(text.encode()) < 100_000
    assert ET.fromstring(text).findtext(f"{SVG}title")
    assert "prefers-reduced-motion" in text
    assert not re.findall(r"url\((?!#)|href|@import|@font-face", text)


def test_every_sample_has_pictures_in_every_language_that_are_small() -> None:
    """A project is baked with two; `python -m docs.make_sample_images` takes them."""
    samples = [path.name for path in (FOLDER / "_options" / "sample").iterdir()]
    folders = [f"{sample}-{language}" for sample in samples for language in CHOICES["language"]]
    assert {path.name for path in (FOLDER / "_options" / "pictures").iterdir()} == {*folders}
    contents = []
    for folder in folders:
        pictures = sorted((FOLDER / "_options" / "pictures" / folder / "docs/images").iterdir())
        assert [path.name for path in pictures] == ["page.png", "report.png"]
        assert all(path.stat().st_size < 60_000 for path in pictures)
        contents += [path.read_bytes() for path in pictures]
    assert len({*contents}) == len(contents), "one is a copy of another"


@pytest.mark.parametrize("language", CHOICES["language"])
def test_the_tree_of_a_project_is_aligned(bake, language: str) -> None:
    """Whatever its name."""
    for name in ("A", "A very long project name for a model"):
        readme = bake(project_name=name, language=language).read("README.md")
        (tree,) = re.findall(r"^```text\n(.*?)^```$", readme, re.M | re.S)
        columns = {re.match(r"\S+ +", line)[0] for line in tree.splitlines()}
        assert len({*map(len, columns)}) == 1, tree


def test_each_claim_about_others_names_its_source() -> None:
    """A cell beside ours is a link, a dash, or follows from the kind of thing that it is."""
    (section,) = re.findall(r"^## Beside what else there is\n(.*?)^\[", README, re.M | re.S)
    _, _, *rows = [line for line in section.splitlines() if line.startswith("|")]
    for row in rows:
        what, _, *others = (cell.strip() for cell in row.strip("|").split("|"))
        for cell in others:
            assert re.fullmatch(r"\[[^]]+\]\(https://\S+\)|—|library|yours", cell), (what, cell)
    assert re.search(r"Read on \d+ \w+ \d{4}", section)


def test_commands_in_the_sentences_of_the_readme_are_seen() -> None:
    """The check of tests/test_readme_commands.py finds them between backticks."""
    text = "Run `uvx nox -s other`.\n\n```console\n$ uvx nox -s serve\n```\n\nOr `slug train`."
    assert commands_in_prose(text, "slug ") == {"uvx nox -s other", "slug train"}
    assert console_commands(text) == ["uvx nox -s serve"]


@pytest.mark.parametrize(
    ("block", "commands"),
    [
        pytest.param("$ one\nout\n$ two  # why\n", ["one", "two"], id="output and comments"),
        pytest.param("$ curl -d '{\n  1}'\nout\n", ["curl -d '{\n  1}'"], id="an open quote"),
        pytest.param("$ one \\\n  two\n", ["one \\\n  two"], id="a backslash"),
    ],
)
def test_commands_are_read_as_a_shell_reads_them(block: str, commands: list[str]) -> None:
    """Over several lines, without what they print."""
    assert console_commands(f"```console\n{block}```\n") == commands
