"""A program that stands in for `gcloud` and remembers what it has made: nothing is made twice.

`STAND_INS` names a folder with `made.json`, what is there; calls are written to `calls.jsonl`.
"""

import json
import os
import re
import sys
from pathlib import Path

MAKES, TELLS = {"create", "create-oidc"}, {"describe", "list"}
NUMBER = "123456789012"


def install(place: Path) -> None:
    """Put the stand-in where `gcloud` is looked for."""
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{__file__}" "$@"\n', encoding="utf-8")
    place.chmod(0o755)


def name_of(words: list[str]) -> str:
    """Return which thing a command is about: its kind and its name."""
    verb = next(i for i, word in enumerate(words) if word in MAKES | TELLS)
    kind = " ".join(words[:verb])
    shown = re.search(r"--(?:display-name|filter=displayName)=(\S+)", " ".join(words))
    if kind == "billing budgets" and shown:
        return f"{kind} {shown[1]}"
    return f"{kind} {words[verb + 1].partition('@')[0]}"


def needed(words: list[str]) -> list[str]:
    """Return the accounts and the bucket that must be there before a command."""
    line = " ".join(words)
    accounts = re.findall(r"serviceAccount:([\w-]+)@", line)
    buckets = re.findall(r"(gs://[\w-]+)", line) if "create" not in words else []
    return [
        *(f"iam service-accounts {each}" for each in accounts),
        *(f"storage buckets {each}" for each in buckets),
    ]


def main() -> None:
    """Answer one call."""
    folder = Path(os.environ["STAND_INS"])
    words = sys.argv[1:]
    given = sys.stdin.read() if "--data-file=-" in words else ""
    with (folder / "calls.jsonl").open("a", encoding="utf-8") as stream:
        stream.write(json.dumps({"call": ["gcloud", *words], "input": given}) + "\n")
    path = folder / "made.json"
    made = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    if words[:2] == ["projects", "describe"]:
        print(NUMBER)
    elif TELLS & set(words):
        if name_of(words) not in made:
            sys.exit(0 if "list" in words else 1)
        print("a-name")
    elif missing := [each for each in needed(words) if each not in made]:
        sys.exit(f"NOT_FOUND: {missing}")
    elif MAKES & set(words):
        if name_of(words) in made:
            sys.exit(f"ALREADY_EXISTS: {name_of(words)}")
        path.write_text(json.dumps([*made, name_of(words)]), encoding="utf-8")


if __name__ == "__main__":
    main()
