"""A program that stands in for another: it writes down its call, and does what a test has said.

`STAND_INS` names a folder with `replies.json`, a list of `{"call": […], "exit": 0, "says": "",
"writes": {path: text}}`: the first one counts whose words the call begins with.
"""

import json
import os
import sys
from pathlib import Path


def install(place: Path) -> None:
    """Put a stand-in where a program is looked for; it bears the file's name."""
    place.parent.mkdir(parents=True, exist_ok=True)
    words = f'"{sys.executable}" "{__file__}" {place.name} "$@"'
    place.write_text(f"#!/bin/sh\nexec {words}\n", encoding="utf-8")
    place.chmod(0o755)


def main() -> None:
    """Answer one call."""
    folder = Path(os.environ["STAND_INS"])
    call = {"call": sys.argv[1:], "input": sys.stdin.read()}
    with (folder / "calls.jsonl").open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(call) + "\n")
    for reply in json.loads((folder / "replies.json").read_text(encoding="utf-8")):
        if sys.argv[1 : 1 + len(reply["call"])] == reply["call"]:
            for name, text in reply.get("writes", {}).items():
                Path(name).parent.mkdir(parents=True, exist_ok=True)
                Path(name).write_text(text, encoding="utf-8")
            sys.stdout.write(reply.get("says", ""))
            sys.exit(reply.get("exit", 0))


if __name__ == "__main__":
    main()
