"""A program that stands in for `docker` and `gcloud` and writes docker's configuration as they do.

Its calls are written to `calls.jsonl` in the folder that `STAND_INS` names.
"""

import base64
import json
import os
import sys
from pathlib import Path

TOKEN = "ya29.token"


def install(place: Path) -> None:
    """Put the stand-in where a program is looked for; it bears the file's name."""
    place.parent.mkdir(parents=True, exist_ok=True)
    words = f'"{sys.executable}" "{__file__}" {place.name} "$@"'
    place.write_text(f"#!/bin/sh\nexec {words}\n", encoding="utf-8")
    place.chmod(0o755)


def log_in(config: dict, registry: str, user: str, password: str) -> None:
    """Keep a password, unless a credential helper would."""
    helpers = config.get("credHelpers", {})
    if not helpers.get(registry, config.get("credsStore")):
        auth = base64.b64encode(f"{user}:{password}".encode()).decode()
        config.setdefault("auths", {})[registry] = {"auth": auth}
    if not helpers:
        config.pop("credHelpers", None)


def configure(home: Path, registry: str, user: str, password: str) -> None:
    """Write the configuration that a login leaves."""
    config: dict = {}
    log_in(config, registry, user, password)
    (home / ".docker").mkdir()
    (home / ".docker" / "config.json").write_text(json.dumps(config), encoding="utf-8")


def main() -> None:
    """Answer one call."""
    call = sys.argv[1:]
    given = sys.stdin.read() if "--password-stdin" in call else ""
    with Path(os.environ["STAND_INS"], "calls.jsonl").open("a", encoding="utf-8") as stream:
        stream.write(json.dumps({"call": call, "input": given}) + "\n")
    path = Path(os.environ["HOME"], ".docker", "config.json")
    config = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    match call:
        case ["docker", "login", user, "--password-stdin", registry]:
            log_in(config, registry, user.removeprefix("--username="), given)
        case ["gcloud", "auth", "configure-docker", registry, *_]:
            config.setdefault("credHelpers", {})[registry] = "gcloud"
        case ["gcloud", "auth", "print-access-token", *_]:
            print(TOKEN)
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(config), encoding="utf-8")


if __name__ == "__main__":
    main()
