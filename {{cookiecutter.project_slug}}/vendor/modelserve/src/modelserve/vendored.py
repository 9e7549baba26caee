"""Compare the vendored library with VENDORED.json, which lists the SHA-256 of each of its files.

Run as `python3 -m modelserve.vendored`; with `eject` to allow differences, with `restore` to undo
them. A service never runs this. It imports nothing of the library, whose files may be broken.
"""

import argparse
import fnmatch
import hashlib
import json
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]  # vendor/modelserve
LISTING = "VENDORED.json"
MARKER = "EJECTED.md"
GENERATED = (".*", "__pycache__", "*.egg-info", "build", "dist")
NAMES_SHOWN = 10

MARKER_TEXT = """# Ejected

This copy of modelserve belongs to this project: edit it and test it as your own code.
`nox -s lint` lists the files that differ from the release, and accepts them.

- `cruft update` still merges new releases into these files, and may leave conflicts in them. To
  stay on this copy, add `"skip": ["vendor"]` to `.cruft.json`.
- `nox -s restore` brings the released files back and removes this one, but not a file that you
  edited before an update merged into it: your history never had that file as it was released.
"""
WAYS_OUT = """Choose one:
  - commit or discard your edits, and restore the released files: `nox -s restore`
  - move the change into a hook of your own package: docs/make-it-yours.md
  - take the library over, to edit it: `nox -s eject`"""


class VendoredError(Exception):
    """The vendored folder cannot be compared or restored."""


class Differences(NamedTuple):
    """Paths, relative to the library's folder, at which it differs from its listing."""

    changed: list[str]
    missing: list[str]
    added: list[str]

    def describe(self) -> str:
        """Return one line for each kind of difference, with a bounded list of paths."""
        lines = [
            f"  {kind}: {_shown(paths)}"
            for kind, paths in zip(("changed", "missing", "added"), self, strict=True)
            if paths
        ]
        return "\n".join(lines)


def _shown(paths: list[str]) -> str:
    more = len(paths) - NAMES_SHOWN
    return ", ".join(paths[:NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")


def hash_files(root: Path) -> dict[str, str]:
    """Return the SHA-256 of each file of the library by its path, sorted."""
    return {
        path: hashlib.sha256((root / path).read_bytes()).hexdigest()
        for path in sorted(_paths(root))
        if path not in {LISTING, MARKER}
    }


def _paths(root: Path) -> Iterable[str]:
    for path in root.rglob("*"):
        relative = path.relative_to(root)
        generated = any(
            fnmatch.fnmatch(part, kind) for part in relative.parts for kind in GENERATED
        )
        if path.is_file() and not generated:
            yield relative.as_posix()


def read_listing(root: Path) -> tuple[str, dict[str, str]]:
    """Return the release's version and its hashes.

    Raises:
        VendoredError: VENDORED.json is missing, or is no listing.
    """
    try:
        listing = json.loads((root / LISTING).read_text(encoding="utf-8"))
        return str(listing["version"]), dict(listing["files"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise VendoredError(
            f"{root / LISTING} cannot be read ({error}); "
            f"restore it: `git checkout -- vendor/modelserve/{LISTING}`."
        ) from error


def compare(root: Path) -> Differences:
    """Compare the library's files with its listing."""
    _, listed = read_listing(root)
    present = hash_files(root)
    return Differences(
        changed=[path for path in listed if path in present and present[path] != listed[path]],
        missing=[path for path in listed if path not in present],
        added=[path for path in present if path not in listed],
    )


def check(root: Path) -> str:
    """Return what to print when the library may be used as it is.

    Raises:
        VendoredError: the library differs from its listing, and was not ejected.
    """
    version, _ = read_listing(root)
    found = compare(root).describe()
    if not found:
        return f"vendor/modelserve is modelserve {version}, unchanged."
    differs = f"vendor/modelserve differs from modelserve {version}:\n{found}"
    if (root / MARKER).exists():
        return f"{differs}\nIt was ejected ({MARKER}), so this is accepted."
    raise VendoredError(f"{differs}\n{WAYS_OUT}")


def eject(root: Path) -> str:
    """Allow the library's files to differ from its listing."""
    (root / MARKER).write_text(MARKER_TEXT, encoding="utf-8", newline="\n")
    return f"The library is yours to edit: see vendor/modelserve/{MARKER}. Commit it."


def restore(root: Path) -> str:
    """Bring the released files back from git's history, and undo an eject.

    Raises:
        VendoredError: edits are not committed and would be lost, files were added, or the history
            lacks a released file.
    """
    _, listed = read_listing(root)
    changed, missing, added = compare(root)
    edited = [path for path in changed if _git(root, "status", "--porcelain", "--", path)]
    if edited or added:
        raise VendoredError(_first_steps(edited, missing, added))
    contents = {path: _released(root, path, listed[path]) for path in (*changed, *missing)}
    for path, content in contents.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    (root / MARKER).unlink(missing_ok=True)
    return f"{check(root)} Commit it."


def _first_steps(edited: list[str], missing: list[str], added: list[str]) -> str:
    """Return what to do before a restore, for each kind of difference."""
    lines = ["Nothing was restored yet. First, and then `nox -s restore` again:"]
    if edited:
        lines += [
            f"  edited, not committed: {_shown(edited)}",
            "    commit them, so that they stay in the history, or discard the edits: "
            "`git checkout HEAD -- vendor/modelserve`",
        ]
    if added:
        places = [f"vendor/modelserve/{path}" for path in added[:NAMES_SHOWN]]
        lines += [
            f"  added: {_shown(added)}",
            f"    move them elsewhere, or remove them: `{shlex.join(['rm', *places])}`",
        ]
    if missing:
        lines += [f"  missing: {_shown(missing)}", "    nothing: they come back"]
    return "\n".join(lines)


def _released(root: Path, path: str, sha256: str) -> bytes:
    """Return a file's content with this hash, from the newest commit that has it."""
    for commit in _git(root, "log", "--format=%H", "--", path).decode().split():
        content = _git(root, "show", f"{commit}:./{path}")
        if hashlib.sha256(content).hexdigest() == sha256:
            return content
    raise VendoredError(
        f"git's history has no released vendor/modelserve/{path}. Bake the project again in "
        "another folder and copy vendor/modelserve from there."
    )


def _git(root: Path, *words: str) -> bytes:
    """Return what git prints; nothing where it fails, as for a file that a commit lacks."""
    git = shutil.which("git")
    if git is None:
        raise VendoredError("git is not installed, and the released files come from its history.")
    return subprocess.run([git, *words], cwd=root, check=False, capture_output=True).stdout


def main() -> None:
    """Check, eject or restore the library that this module is a part of."""
    commands = {"check": check, "eject": eject, "restore": restore}
    parser = argparse.ArgumentParser(prog="python3 -m modelserve.vendored", description=__doc__)
    parser.add_argument("command", nargs="?", choices=commands, default="check")
    command = commands[parser.parse_args().command]
    if not (ROOT / "pyproject.toml").exists():
        print("modelserve is installed as a package here: there is no vendored folder to compare.")
        return
    try:
        print(command(ROOT))
    except VendoredError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
