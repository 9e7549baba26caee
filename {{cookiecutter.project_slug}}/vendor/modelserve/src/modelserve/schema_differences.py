"""Compares the schema of an artifact with the served one's, which clients rely on."""

from .manifest import Manifest

LONGEST = 200  # characters of a name in a message
MAX_NAMES = 5  # of features that were added, or removed


def schema_differences(fresh: Manifest, served: Manifest) -> list[str]:
    """Return how the task, the features and the labels of an artifact differ, a phrase each."""
    new, old = _fields(fresh), _fields(served)
    faults = {
        f"it is a {fresh.task}": fresh.task != served.task,
        f"its features differ ({_describe_difference(new, old)})": new != old,
        "its labels differ": fresh.labels != served.labels,
    }
    return [fault for fault, wrong in faults.items() if wrong]


def newly_required(fresh: Manifest, served: Manifest) -> list[str]:
    """Return a phrase if features may not be missing any more; the features are the same ones."""
    names = [
        repr(after.name[:LONGEST])
        for before, after in zip(served.features, fresh.features, strict=True)
        if before.nullable and not after.nullable
    ]
    more = f" and {len(names) - 1} more" if names[1:] else ""
    return [f"{names[0]}{more} may not be missing any more"] if names else []


def _fields(manifest: Manifest) -> list[tuple[str, str]]:
    return [(each.name, each.dtype) for each in manifest.features]


def _describe_difference(new: list[tuple[str, str]], old: list[tuple[str, str]]) -> str:
    """Return the names that were removed or added; else the first difference of type or order."""
    removed = [name for name, _ in old if name not in dict(new)]
    added = [name for name, _ in new if name not in dict(old)]
    changes = [f"{len(new)} instead of {len(old)}"] if len(new) != len(old) else []
    changes += [f"missing: {_show(removed)}"] if removed else []
    changes += [f"new: {_show(added)}"] if added else []
    if changes:
        return "; ".join(changes)
    pairs = (
        f"{after[0][:LONGEST]!r}: {after[1]} instead of {before[0][:LONGEST]!r}: {before[1]}"
        for after, before in zip(new, old, strict=True)
        if after != before
    )
    return next(pairs, "")


def _show(names: list[str]) -> str:
    more = f" and {len(names) - MAX_NAMES} more" if len(names) > MAX_NAMES else ""
    return ", ".join(repr(name[:LONGEST]) for name in names[:MAX_NAMES]) + more
