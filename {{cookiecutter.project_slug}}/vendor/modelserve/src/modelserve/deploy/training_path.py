"""Add a folder to the paths of `[data]` in config/training.toml, and leave every other byte."""

import json
import re
import tomllib
from pathlib import Path

from . import workflow

# A table's header, up to the next one; and its line `path`, whose value may be a list on several.
TABLE = re.compile(r"^\[data\][^\n]*\n(?:(?!\[)[^\n]*\n?)*", re.MULTILINE)
PATH = re.compile(r"^path\s*=\s*(?P<value>\[[^\]]*\]|\"[^\"\n]*\"|'[^'\n]*')", re.MULTILINE)


def add_training_path(config: Path, folder: str) -> None:
    """Let training read a folder besides what it reads; nothing happens if it does already.

    The step fails if the file has no such line, or would have another meaning afterwards.
    """
    text = config.read_text(encoding="utf-8")
    paths = paths_of(text)
    if folder in paths:
        return
    table = TABLE.search(text)
    line = PATH.search(table[0]) if table else None
    if table is None or line is None:
        workflow.fail(f"{config} has no line `path` below [data]; add {folder!r} to what it reads.")
    start = table.start() + line.start("value")
    wanted = [*paths, folder]
    listed = f"[{', '.join(json.dumps(each, ensure_ascii=False) for each in wanted)}]"
    changed = text[:start] + listed + text[start + len(line["value"]) :]
    if paths_of(changed) != wanted or without_path(changed) != without_path(text):
        workflow.fail(f"`path` below [data] in {config} cannot be changed; add {folder!r} there.")
    config.write_text(changed, encoding="utf-8")


def paths_of(text: str) -> list[str]:
    """Return the paths that a configuration names."""
    path = tomllib.loads(text).get("data", {}).get("path", [])
    return [path] if isinstance(path, str) else list(path)


def without_path(text: str) -> dict[str, object]:
    """Return a configuration's content but for the paths."""
    content = tomllib.loads(text)
    content["data"] = {name: each for name, each in content["data"].items() if name != "path"}
    return content
