"""Prepare a release of the template: `python -m tests.release 1.2.0`.

It writes the version where it stands, and turns the changelog's section [Unreleased] into the
version's. What is left is printed: commit, tag, push.
"""

import datetime
import re
import sys
from pathlib import Path

from tests.bakery import FOLDER, LIBRARY, TEMPLATE
from tests.renew import renew_vendored

VERSION = re.compile(r"\d+\.\d+\.\d+")
UNRELEASED = "## [Unreleased]\n"
NOTES = "### What to change in projects already rendered\n"
PACKAGE = LIBRARY.relative_to(TEMPLATE) / "src" / "modelserve" / "__init__.py"
# Where the version stands, by what comes before it.
PLACES = {
    Path("pyproject.toml"): "\nversion = ",
    PACKAGE: "\n__version__ = ",
}


def versions(template: Path = TEMPLATE) -> dict[str, str]:
    """Return the version that each place names."""
    found = {}
    for name, before in PLACES.items():
        text = (template / name).read_text(encoding="utf-8")
        match = re.search(f'{re.escape(before)}"(.+?)"', text)
        assert match, f"{name} names no version"
        found[name.as_posix()] = match[1]
    return found


def sections(changelog: str) -> dict[str, str]:
    """Return the sections of a changelog by what stands in brackets in their headings."""
    parts = re.split(r"^## \[(.+?)\]", changelog, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def set_version(version: str, template: Path = TEMPLATE) -> None:
    """Write a version to each of its places, and renew the library's listing."""
    for name, before in PLACES.items():
        path = template / name
        text = path.read_text(encoding="utf-8")
        text = re.sub(f'({re.escape(before)})".+?"', rf'\g<1>"{version}"', text, count=1)
        path.write_text(text, encoding="utf-8", newline="\n")
    renew_vendored(template / FOLDER.name / LIBRARY.relative_to(FOLDER))


def close_section(version: str, day: datetime.date, template: Path = TEMPLATE) -> None:
    """Give what is unreleased the version and the day, above it an empty section."""
    path = template / "CHANGELOG.md"
    text = path.read_text(encoding="utf-8")
    unreleased = sections(text).get("Unreleased", "")
    if NOTES not in unreleased:
        sys.exit(f"CHANGELOG.md, [Unreleased]: write {NOTES.strip()!r}, if only 'Nothing.'")
    if version in sections(text):
        sys.exit(f"CHANGELOG.md has a section [{version}] already.")
    heading = f"{UNRELEASED}\n## [{version}] - {day.isoformat()}\n"
    path.write_text(text.replace(UNRELEASED, heading, 1), encoding="utf-8", newline="\n")


def release(version: str, template: Path = TEMPLATE) -> None:
    """Prepare a release, and print what is left to do."""
    if not VERSION.fullmatch(version):
        sys.exit(f"{version!r} is no version such as 1.2.0.")
    today = datetime.datetime.now(tz=datetime.UTC).date()
    close_section(version, today, template)
    set_version(version, template)
    print(f"git commit --all --message 'Release {version}'")
    print(f"git tag --annotate v{version} --message {version}")
    print(f"git push origin main v{version}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    release(sys.argv[1])
