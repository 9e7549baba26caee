"""Compare what an artifact was trained from with what is here now."""

from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from ..manifest import Manifest
from ..provenance import INPUTS, git, git_state, has_commit, platform_name, python_version
from ..training.config import Config
from ..training.packing import lock_hash

MAX_LISTED = 5  # changed files
SHOWN = 12  # characters of a hash
UNKNOWN = "unknown"


class Condition(NamedTuple):
    """Something that a training run depends on: as the manifest has it, and as it is now."""

    name: str
    recorded: str
    present: str

    @property
    def differs(self) -> bool:
        """Return whether it is known to be another now."""
        return self.recorded != self.present


def compare_conditions(manifest: Manifest, root: Path, config: Config) -> list[Condition]:
    """Return what a training run depends on, but for the data, which are known after it.

    Args:
        manifest: of the artifact.
        root: the project's folder.
        config: the training configuration as it is now.
    """
    origin = manifest.origin
    configured = origin.config_sha256 if origin else None
    state = git_state(root)
    recorded = shorten(manifest.git_commit)
    if origin and origin.dirty:
        recorded += " with uncommitted changes"
    return [
        Condition("commit", recorded, shorten(state.commit)),
        Condition("code", "as committed", describe_changes(root, manifest.git_commit)),
        Condition("lock", shorten(manifest.lock_sha256), shorten(lock_hash(root))),
        Condition(
            "configuration",
            shorten(configured),
            shorten(config.file and config.file.sha256),
        ),
        Condition("seed", str(manifest.seed), str(config.seed)),
        Condition("Python", origin.python if origin else UNKNOWN, python_version()),
        Condition("platform", origin.platform if origin else UNKNOWN, platform_name()),
        *_libraries(manifest),
    ]


def compare_data(recorded: Manifest, fresh: Manifest) -> Condition:
    """Return the data of two training runs."""
    return Condition("data", shorten(recorded.data.sha256), shorten(fresh.data.sha256))


def describe_changes(root: Path, commit: str | None) -> str:
    """Return which inputs of training differ from a commit."""
    if commit is None:
        return "unknown: the manifest names no commit"
    named = ("--", *INPUTS)
    if not has_commit(root, commit):
        return "unknown: the commit is not in this repository; fetch its whole history"
    changed = git(root, "diff", "-z", "--relative", "--name-only", commit, *named)
    added = git(root, "ls-files", "-z", "--others", "--exclude-standard", *named)
    if changed is None or added is None:
        return "unknown: git fails"
    names = sorted({*changed.split("\0"), *added.split("\0")} - {""})
    if not names:
        return "as committed"
    more = f" and {len(names) - MAX_LISTED} more" if len(names) > MAX_LISTED else ""
    return f"changed: {', '.join(repr(name)[1:-1] for name in names[:MAX_LISTED])}{more}"


def shorten(text: str | None) -> str:
    """Return the begin of a hash."""
    return UNKNOWN if text is None else text[:SHOWN]


def _libraries(manifest: Manifest) -> Iterator[Condition]:
    for name, recorded in manifest.libraries.items():
        try:
            present = metadata.version(name)
        except metadata.PackageNotFoundError:
            present = "not installed"
        yield Condition(name, recorded, present)
