"""A program that stands in for `gcloud` and remembers what it has made: nothing is made twice.

`STAND_INS` names a folder with `made.json`, what is there, and `keys`, the secret's latest version;
calls are written to `calls.jsonl`. `REJECTED` is JSON, `[[words, times]]`: a call that has all of
these words is rejected that many times.
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


def reject(words: list[str], calls: list[list[str]]) -> None:
    """End with an error, if this call is to be rejected.

    Args:
        words: the call.
        calls: all calls so far, this one among them.
    """
    for all_of, times in json.loads(os.environ.get("REJECTED", "[]")):
        alike = [call for call in calls if set(all_of) <= set(call)]
        if set(all_of) <= set(words) and len(alike) <= times:
            sys.exit("ERROR: (gcloud) INVALID_ARGUMENT: Service account x does not exist.")


def answer_secret(keys: Path, words: list[str], given: str) -> None:
    """Keep, return or list the versions of the secret."""
    if words[2] == "add":
        keys.write_text(given, encoding="utf-8")
    elif keys.exists():
        print(keys.read_text(encoding="utf-8") if words[2] == "access" else "1", end="")


def main() -> None:
    """Answer one call."""
    folder = Path(os.environ["STAND_INS"])
    words = sys.argv[1:]
    given = sys.stdin.read() if "--data-file=-" in words else ""
    with (folder / "calls.jsonl").open("a", encoding="utf-8") as stream:
        stream.write(json.dumps({"call": ["gcloud", *words], "input": given}) + "\n")
    lines = (folder / "calls.jsonl").read_text(encoding="utf-8").splitlines()
    reject(words, [json.loads(line)["call"] for line in lines])
    path = folder / "made.json"
    made = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    if words[:2] == ["projects", "describe"]:
        print(NUMBER)
    elif words[:2] == ["secrets", "versions"]:
        answer_secret(folder / "keys", words, given)
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
