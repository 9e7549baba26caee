"""Add to the bill of materials what an environment does not tell: the locked hashes, the model.

Run by `nox -s sbom`, in the environment of the tool that has made the bill.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

# They are in the tool's environment, not in the project's.
from cyclonedx.schema import SchemaVersion  # pylint: disable=import-error
from cyclonedx.validation.json import JsonStrictValidator  # pylint: disable=import-error

BILL = Path("sbom.json")
LOCK = Path("requirements", "serving.txt")
MANIFEST = Path("model", "manifest.json")

LOCKED = re.compile(r"^([\w.-]+)==(\S+)[^\n]*\\\n((?:\s+--hash=\S+[ \\]*\n?)+)", re.MULTILINE)
HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def plain(name: str) -> str:
    """Return a distribution's name as every tool spells it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def hashes(values: list[str]) -> list[dict[str, str]]:
    """Return SHA-256 digests as CycloneDX writes them."""
    return [{"alg": "SHA-256", "content": value} for value in values]


def add_hashes(components: list[dict[str, Any]], lock: str) -> None:
    """Say of each package by which hashes it was let in; refuse one that the lock does not know."""
    locked = {
        (plain(name), version): HASH.findall(text) for name, version, text in LOCKED.findall(lock)
    }
    unknown = []
    for each in components:
        found = locked.get((plain(each["name"]), each["version"]))
        if not found:
            unknown.append(each["purl"])
            continue
        each.setdefault("externalReferences", []).append(
            {
                "type": "distribution",
                "url": each["purl"],
                "comment": f"one of the files that {LOCK.as_posix()} lets in",
                "hashes": hashes(found),
            }
        )
    if unknown:
        sys.exit(f"{', '.join(unknown)}: not in {LOCK}; run `nox -s lock`, or look who brought it.")


def model() -> dict[str, Any]:
    """Return the trained model as a component."""
    manifest = json.loads(MANIFEST.read_text(encoding="utf-8"))
    return {
        "type": "machine-learning-model",
        "bom-ref": "model",
        "name": f"{manifest['name']}-model",
        "version": manifest["version"],
        "description": f"Trained on {manifest['data']['source']}",
        "hashes": hashes([manifest["files"]["model.onnx"]]),
    }


def main() -> None:
    """Complete the bill, and fail where it breaks its standard."""
    bill = json.loads(BILL.read_text(encoding="utf-8"))
    add_hashes(bill["components"], LOCK.read_text(encoding="utf-8"))
    bill["components"].append(model())
    root = bill["metadata"]["component"]["bom-ref"]
    (whole,) = (each for each in bill["dependencies"] if each["ref"] == root)
    whole["dependsOn"] = sorted([*whole.get("dependsOn", []), "model"])
    bill["dependencies"].append({"ref": "model"})
    text = json.dumps(bill, indent=2, ensure_ascii=False) + "\n"
    if wrong := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
        sys.exit(f"{BILL} breaks its standard: {wrong}")
    BILL.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
