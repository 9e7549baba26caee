"""A release is one version: in the tools, the library, its listing, the changelog and the tag."""

import json
import shutil
from pathlib import Path

import pytest

from tests.bakery import LIBRARY, TEMPLATE
from tests.history import commit_all, cruft, git
from tests.release import NOTES, PACKAGE, PLACES, UNRELEASED, release, sections, versions

CHANGELOG = "# Changelog\n\n## [Unreleased]\n\n- New.\n\n{}\n## [0.0.1] - 2026-01-01\n\n- Old.\n"


def test_every_place_names_the_same_version() -> None:
    """And so does the listing of the library's hashes."""
    named = versions()
    assert len(set(named.values())) == 1, named
    listing = json.loads((LIBRARY / "VENDORED.json").read_text(encoding="utf-8"))
    assert listing["version"] in named.values()


def test_each_section_of_the_changelog_has_its_update_notes() -> None:
    """What is not released yet comes first, and the newest release is the present version."""
    text = (TEMPLATE / "CHANGELOG.md").read_text(encoding="utf-8")
    (unreleased, *released) = sections(text)
    assert unreleased == "Unreleased"
    assert all(NOTES in sections(text)[version] for version in released)
    assert not released or released[0] in versions().values()


def test_a_tagged_commit_is_the_release_that_its_tag_names() -> None:
    """Where this commit has a tag; a clone may have none."""
    if (TEMPLATE / ".git").exists() and not git(TEMPLATE, "status", "--porcelain"):
        tags = git(TEMPLATE, "tag", "--list", "v*", "--points-at=HEAD").split()
        assert {tag.removeprefix("v") for tag in tags} <= {*versions().values()}


@pytest.fixture
def released(template, capsys: pytest.CaptureFixture[str]) -> Path:
    """Return a copy of the template that was prepared for a release."""
    for name in PLACES:
        if name != PACKAGE:
            shutil.copy(TEMPLATE / name, template.path)
    text = CHANGELOG.format(f"{NOTES}\nNothing.\n")
    (template.path / "CHANGELOG.md").write_text(text, encoding="utf-8")
    release("0.9.0", template.path)
    assert "git tag --annotate v0.9.0" in capsys.readouterr().out
    return template.path


def test_a_release_writes_its_version_everywhere(released: Path) -> None:
    """What was unreleased is the release's section, above it an empty one."""
    assert set(versions(released).values()) == {"0.9.0"}
    listing = released / LIBRARY.relative_to(TEMPLATE) / "VENDORED.json"
    assert json.loads(listing.read_text(encoding="utf-8"))["version"] == "0.9.0"
    found = sections((released / "CHANGELOG.md").read_text(encoding="utf-8"))
    assert [*found] == ["Unreleased", "0.9.0", "0.0.1"]
    assert not found["Unreleased"].strip()
    assert "- New." in found["0.9.0"]


def test_a_project_names_the_release_that_it_was_made_from(released: Path, tmp_path: Path) -> None:
    """Its .cruft.json by the tag, its library by the version."""
    commit_all(released)
    git(released, "tag", "v0.9.0")
    cruft(tmp_path, "create", str(released), "--no-input", "--checkout=v0.9.0")
    (state,) = tmp_path.glob("*/.cruft.json")
    listing = state.parent / "vendor" / "modelserve" / "VENDORED.json"
    version = json.loads(listing.read_text(encoding="utf-8"))["version"]
    made = json.loads(state.read_text(encoding="utf-8"))
    assert made["checkout"] == f"v{version}" == "v0.9.0"
    assert made["commit"] == git(released, "rev-parse", "v0.9.0^{commit}").strip()


@pytest.mark.parametrize(
    ("version", "changelog", "reason"),
    [
        pytest.param("v1", CHANGELOG.format(NOTES), "no version such as", id="version"),
        pytest.param("0.0.2", CHANGELOG.format(""), "What to change in projects", id="notes"),
        pytest.param("0.0.1", CHANGELOG.format(NOTES), "has a section", id="twice"),
    ],
)
def test_a_release_that_lacks_something_changes_nothing(
    tmp_path: Path, version: str, changelog: str, reason: str
) -> None:
    """The message says what."""
    path = tmp_path / "CHANGELOG.md"
    path.write_text(changelog, encoding="utf-8")
    assert UNRELEASED in changelog
    with pytest.raises(SystemExit, match=reason):
        release(version, tmp_path)
    assert path.read_text(encoding="utf-8") == changelog
