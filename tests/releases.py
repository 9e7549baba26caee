"""The release before the present one, in a clone of this repository that tests may change."""

import shutil
from pathlib import Path

from tests.bakery import TEMPLATE
from tests.history import commit_all, git

# Until there is a tag: an earlier commit, from which nothing has to be changed by hand.
BEFORE_ANY_TAG = "5c3351ac48c7521c8fbad188849eb6186ef9615f"
UNTAGGED = "v0.0.1"
NEXT = "v99.0.0"


class MissingHistoryError(Exception):
    """The repository has no tag, and is cloned without the commit that stands in for one."""


def release_before(repository: Path, untagged: str = BEFORE_ANY_TAG) -> str:
    """Return the newest tag before the checked-out commit, in a clone that gets one if it has none.

    Raises:
        MissingHistoryError: there is neither a tag nor the commit `untagged`.
    """
    earlier = ("--merged=HEAD", "--no-contains=HEAD", "--sort=-version:refname")
    tags = git(repository, "tag", "--list", "v*", *earlier).split()
    if tags:
        return tags[0]
    try:
        git(repository, "tag", UNTAGGED, untagged)
    except AssertionError as error:
        raise MissingHistoryError(f"{repository} has no commit {untagged}") from error
    return UNTAGGED


def clone_at_release(folder: Path, repository: Path = TEMPLATE) -> str:
    """Clone the template as it was when it was last released; return the release's tag."""
    git(repository, "clone", "--quiet", "--no-local", str(repository), str(folder))
    tag = release_before(folder)
    git(folder, "checkout", "--quiet", "-B", "main", tag)
    return tag


def release_present(folder: Path) -> str:
    """Commit the working tree of this repository to the clone, and tag it; return the tag."""
    listed = ("ls-files", "--cached", "--others", "--exclude-standard", "-z")
    names = [name for name in git(TEMPLATE, *listed).split("\0") if (TEMPLATE / name).is_file()]
    git(folder, "rm", "--quiet", "-r", ".")
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(TEMPLATE / name, folder / name)
    commit_all(folder)
    git(folder, "tag", NEXT)
    return NEXT
