"""The ML Test Score is what its own table gives, and each piece of evidence exists in every family.

The tests that it names are run in the projects' own suites, by test_covering.py.
"""

import ast
import re
from collections.abc import Callable

import pytest

from tests.bakery import CHOICES, LIBRARY, TEMPLATE, BakedProject

PAGE = LIBRARY / "docs" / "ml-test-score.md"
RULES = LIBRARY / "monitoring" / "prometheus" / "rules"
SECTIONS = ("Data", "Model", "Infrastructure", "Monitoring")
WANTED = 5.5
ITEM = re.compile(r"^\| (\d) \| (.+?) \| ([\d.]+) \| (.+) \|$", re.MULTILINE)
NAMED = re.compile(r"`([^`]+)`")
ALERT = re.compile(r"^ *- alert: (\w+)$", re.MULTILINE)
PATH = re.compile(r"[\w.-]+(/[\w.-]+)*\.(?:py|md|toml|yml|yaml)|CODEOWNERS")


def sections(text: str) -> dict[str, list[tuple[str, ...]]]:
    """Return the items of each section: number, name, points, evidence."""
    parts = re.split(r"^## (\w+)$", text, flags=re.MULTILINE)
    return {name: ITEM.findall(part) for name, part in zip(parts[1::2], parts[2::2], strict=True)}


@pytest.fixture(scope="module")
def page() -> str:
    """Return the page."""
    return PAGE.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def items(page: str) -> dict[str, list[tuple[str, ...]]]:
    """Return the items of each section."""
    return sections(page)


def test_all_28_items_have_points(items: dict[str, list[tuple[str, ...]]]) -> None:
    assert tuple(items) == SECTIONS
    for name, found in items.items():
        assert [number for number, *_ in found] == list("1234567"), name
        assert {points for _, _, points, _ in found} <= {"0", "0.5", "1"}, name


def test_the_score_is_what_the_points_give(
    page: str, items: dict[str, list[tuple[str, ...]]]
) -> None:
    sums = {name: sum(float(each[2]) for each in found) for name, found in items.items()}
    score = min(sums.values())
    assert score >= WANTED
    for name, points in {**sums, "**Score**": f"**{score}**"}.items():
        assert f"| {name} | {points} |" in page
    for readme in (TEMPLATE / "README.md", LIBRARY / "docs" / "README.md"):
        assert f"{score} of 7" in readme.read_text(encoding="utf-8"), readme


@pytest.mark.parametrize("model", CHOICES["model"])
@pytest.mark.parametrize("target", ["none", "cloud-run"])
def test_the_evidence_exists(
    shared_bake: Callable[[str], BakedProject],
    items: dict[str, list[tuple[str, ...]]],
    model: str,
    target: str,
) -> None:
    """A whole point needs a file, a test or an alert that exists."""
    project = shared_bake(f"{model}--{target}").path
    rules = "".join(path.read_text(encoding="utf-8") for path in RULES.glob("*.yaml"))
    alerts = set(ALERT.findall(rules))
    for name, found in items.items():
        for number, _, points, evidence in found:
            proofs = 0
            for named in NAMED.findall(evidence):
                path, _, test = named.partition("::")
                if PATH.fullmatch(path):
                    if path.endswith("deploy.yml") and target == "none":
                        continue
                    assert (project / path).is_file(), f"{name} {number}: {path}"
                    if test:
                        tree = ast.parse((project / path).read_text(encoding="utf-8"))
                        tests = {each.name for each in tree.body if hasattr(each, "name")}
                        assert test in tests, f"{name} {number}: {named}"
                    proofs += 1
                elif "`rules`" in evidence and named[0].isupper() and named.isalpha():
                    assert named in alerts, f"{name} {number}: {named}"
                    proofs += 1
            assert proofs or points != "1", f"{name} {number}"
