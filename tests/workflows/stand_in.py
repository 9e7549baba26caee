"""A program that stands in for another: it writes down its call, and does what a test has said.

`STAND_INS` names a folder with `replies.json`, a list of `{"call": […], "exit": 0, "says": "",
"writes": {path: text}, "keeps": path}`: the first one counts whose words the call begins with.
What it keeps is copied to that folder, for the place where a step has run is gone later.
"""

import json
import os
import shutil
import sys
from pathlib import Path

TOLD = ("IMAGE", "SERVICE_KEY", "SERVICE_TOKEN", "VARIABLES")  # what a call learns otherwise


def install(place: Path) -> None:
    """Put a stand-in where a program is looked for; it bears the file's name."""
    place.parent.mkdir(parents=True, exist_ok=True)
    words = f'"{sys.executable}" "{__file__}" {place.name} "$@"'
    place.write_text(f"#!/bin/sh\nexec {words}\n", encoding="utf-8")
    place.chmod(0o755)


def answer(call: list[str], given: str) -> int:
    """Write a call down, do what was said of it, and return how it ends."""
    folder = Path(os.environ["STAND_INS"])
    told = {name: os.environ[name] for name in TOLD if name in os.environ}
    with (folder / "calls.jsonl").open("a", encoding="utf-8") as stream:
        stream.write(json.dumps({"call": call, "input": given, "told": told}) + "\n")
    for reply in json.loads((folder / "replies.json").read_text(encoding="utf-8")):
        if call[: len(reply["call"])] == reply["call"]:
            for name, text in reply.get("writes", {}).items():
                Path(name).parent.mkdir(parents=True, exist_ok=True)
                Path(name).write_text(text, encoding="utf-8")
            if kept := reply.get("keeps"):
                shutil.copytree(kept, folder / kept)
            sys.stdout.write(reply.get("says", ""))
            return reply.get("exit", 0)
    return 0


if __name__ == "__main__":
    sys.exit(answer(sys.argv[1:], sys.stdin.read()))
