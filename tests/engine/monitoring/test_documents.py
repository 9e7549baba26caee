"""The library's pages: links lead somewhere, and commands, settings and metrics exist."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import typer
from modelserve.cli import app
from modelserve.environment import OTHER_NAMES
from modelserve.serving.metrics_registry import MetricsRegistry
from modelserve.serving.reloading.alias_lookup import count_lookups
from modelserve.settings import Settings

from tests.engine.families import FOLDER, LIBRARY, Family
from tests.engine.scrape import scrape

DOCS = LIBRARY / "docs"
TASKS = ("iris", "diabetes")  # a classifier and a regressor
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]  # it is a group

LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)\s]*)?\)")
OTHERS = {"config/training.toml", "config/schema.toml", ".github/workflows/deploy.yml"}
PATH = re.compile(r"`((?:vendor|monitoring|config|\.github)/[\w./-]*)`")
COMMAND = re.compile(r"\bPROJECT ([a-z][a-z-]*)((?: [^`|#\n]*)?)")
METRIC = re.compile(r"^\| (`(?:http|model|capture)_.*?) \|", re.M)

EACH_PAGE = [
    pytest.param(path, id=path.relative_to(DOCS).with_suffix("").as_posix())
    for path in sorted(DOCS.rglob("*.md"))
]
each_page = pytest.mark.parametrize("path", EACH_PAGE)


@each_page
def test_a_page_is_the_same_in_every_project(path: Path) -> None:
    """Nothing in it is rendered."""
    text = path.read_text(encoding="utf-8")
    assert "{{" not in text
    assert "cookiecutter" not in text


@each_page
def test_its_links_lead_to_pages_of_the_library(path: Path) -> None:
    links = LINK.findall(path.read_text(encoding="utf-8"))
    targets = [(path.parent / link).resolve() for link in links]
    assert [str(target) for target in targets if not target.exists()] == []
    assert [str(target) for target in targets if not target.is_relative_to(DOCS)] == []


@each_page
def test_the_files_that_it_names_exist(path: Path) -> None:
    """Others come from an overlay, or are written by a command."""
    named = set(PATH.findall(path.read_text(encoding="utf-8"))) - OTHERS
    assert [name for name in sorted(named) if not (FOLDER / name).exists()] == []


@each_page
def test_the_commands_that_it_names_exist_with_their_options(path: Path) -> None:
    for name, rest in COMMAND.findall(path.read_text(encoding="utf-8")):
        assert name in COMMANDS, f"PROJECT {name}"
        known = {option for parameter in COMMANDS[name].params for option in parameter.opts}
        assert set(re.findall(r"(?<= )--[a-z-]+", rest)) - known == set(), f"PROJECT {name}{rest}"


def test_a_request_that_a_runbook_sends_has_a_key_and_shows_a_refusal() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in DOCS.glob("runbooks/*.md"))
    commands = re.findall(r"^ *\$ (.*\bcurl .*/predict\b.*)$", text, re.M)
    assert commands
    for command in commands:
        assert ' -H "X-API-Key: $API_KEY" ' in command
        assert " curl -sS --fail-with-body " in command


def test_every_page_is_linked_from_the_overview() -> None:
    text = (DOCS / "README.md").read_text(encoding="utf-8")
    linked = {(DOCS / link).resolve() for link in LINK.findall(text)}
    pages = {path for path in DOCS.rglob("*.md") if path.parent.name != "runbooks"}
    assert linked == pages - {DOCS / "README.md"} | {DOCS / "runbooks"}


def test_every_setting_is_documented() -> None:
    text = (DOCS / "operating.md").read_text(encoding="utf-8")
    table = text.split("\n## Settings\n")[1].split("\n## ")[0]
    names = "".join(re.findall(r"^\| ([^|]*) \|", table, re.M))
    documented = set(re.findall(r"`([A-Z0-9_]+)`", names))
    assert documented == {name.upper() for name in Settings.model_fields}
    assert set(OTHER_NAMES.values()) <= set(re.findall(r"`(AIP_\w+)`", table))


def metric_names() -> Iterator[str]:
    """Yield the names of the metrics in the tables of all pages."""
    for page in DOCS.glob("*.md"):
        for cell in METRIC.findall(page.read_text(encoding="utf-8")):
            yield from re.findall(r"`(\w+)(?:\{[\w,]*\})?`", cell)


def test_every_metric_that_is_documented_exists(families: Callable[[str], Family]) -> None:
    registry = MetricsRegistry(families(TASKS[0]).artifact.manifest)
    count_lookups(registry)  # only with an alias of MLflow's registry
    exposed = registry.expose().decode() + "".join(scrape(families(name)) for name in TASKS)

    names = set(metric_names())
    known = set(re.findall(r"^(\w+)[{ ]", exposed, re.M)) | set(
        re.findall(r"^# TYPE (\w+) ", exposed, re.M)
    )
    assert len(names) > 15
    assert names - known == set()
