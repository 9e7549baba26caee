"""How the API server merges what it is sent into what it holds, as far as a rollout needs it."""

from typing import Any

MERGE_KEYS = {"containers": "name"}


def merge(live: Any, patch: Any) -> Any:
    """Merge objects key by key; a None takes a key out (RFC 7396), named lists merge by name.

    It serves for server-side apply too, where one manager sets every field that it has.
    """
    if not isinstance(patch, dict):
        return patch
    merged = dict(live) if isinstance(live, dict) else {}
    for key, value in patch.items():
        if key.startswith("$"):
            continue
        if value is None:
            merged.pop(key, None)
        elif key in MERGE_KEYS and isinstance(merged.get(key), list):
            merged[key] = merge_named(merged[key], value, MERGE_KEYS[key])
        else:
            merged[key] = merge(merged.get(key), value)
    return merged


def merge_named(live: list[dict], patch: list[dict], key: str) -> list[dict]:
    """Merge lists whose members have names."""
    changes = {each[key]: each for each in patch}
    merged = [merge(each, changes.pop(each[key], {})) for each in live]
    return merged + list(changes.values())
