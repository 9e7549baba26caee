"""Complete the software bill of materials: add the locked hashes, and the model.

`nox -s sbom` runs this in the environment of cyclonedx-bom, which wrote `sbom.json`.
"""

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Any

from ..supply_chain.model_component import read_component, to_hashes

BILL = Path("sbom.json")
LOCK = Path("requirements", "serving.txt")
MODEL = Path("model")

LOCKED = re.compile(
    r"^([\w.-]+)(?:\[[^\]\n]*\])?==(\S+)[^\n]*\\\n((?:\s+--hash=\S+[ \\]*\n?)+)", re.MULTILINE
)
HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the lock that the image is made of."""
    parser.add_argument("--lock", type=Path, default=LOCK)


def normalize(name: str) -> str:
    """Return the normalized name of a distribution.

    Source: Python Packaging User Guide, "Names and normalization".
    """
    return re.sub(r"[-_.]+", "-", name).lower()


def add_hashes(components: list[dict[str, Any]], lock: Path) -> None:
    """Add to each package the hashes that the lock allows; exit if the lock lacks a package."""
    locked = {
        (normalize(name), version): HASH.findall(text)
        for name, version, text in LOCKED.findall(lock.read_text(encoding="utf-8"))
    }
    unknown = []
    for component in components:
        digests = locked.get((normalize(component["name"]), component["version"]))
        if not digests:
            unknown.append(component["purl"])
            continue
        component.setdefault("externalReferences", []).append(
            {
                "type": "distribution",
                "url": component["purl"],
                "comment": f"one of the files that {lock.as_posix()} allows",
                "hashes": to_hashes(digests),
            }
        )
    if unknown:
        sys.exit(
            f"{', '.join(unknown)}: not in {lock}; run `nox -s lock`, or remove what installed it."
        )


def validate(text: str) -> None:
    """Exit if a bill does not follow the CycloneDX schema."""
    # Both come with the tool that wrote the bill, and are not in the project's environment.
    # pylint: disable=import-error,import-outside-toplevel
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    if error := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
        sys.exit(f"{BILL} does not follow its schema: {error}")


def main(options: argparse.Namespace) -> None:
    """Complete `sbom.json` in place."""
    bill = json.loads(BILL.read_text(encoding="utf-8"))
    add_hashes(bill["components"], options.lock)
    bill["components"].append(read_component(MODEL))
    root = bill["metadata"]["component"]["bom-ref"]
    (project,) = (entry for entry in bill["dependencies"] if entry["ref"] == root)
    project["dependsOn"] = sorted([*project.get("dependsOn", []), "model"])
    bill["dependencies"].append({"ref": "model"})
    text = json.dumps(bill, indent=2, ensure_ascii=False) + "\n"
    validate(text)
    BILL.write_text(text, encoding="utf-8", newline="\n")
