"""Write the bill of materials of one artifact, in CycloneDX."""

import json
import uuid
from typing import Any

from .. import artifact
from ..artifact import Artifact
from .model_component import library_components, make_component

SPECIFICATION = "1.6"


def make_bill(served: Artifact) -> dict[str, Any]:
    """Return the bill of an artifact: the same bytes for the same artifact.

    The model depends on the libraries that trained it; `nox -s sbom` lists what serves it.
    """
    digest = artifact.sha256(served.folder / artifact.MANIFEST)
    manifest = served.manifest.model_dump(mode="json")
    libraries = library_components(manifest)
    references = [each["bom-ref"] for each in libraries]
    return {
        "$schema": f"http://cyclonedx.org/schema/bom-{SPECIFICATION}.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": SPECIFICATION,
        "serialNumber": uuid.uuid5(uuid.NAMESPACE_OID, digest).urn,
        "version": 1,
        "metadata": {
            "timestamp": manifest["created"],
            "component": make_component(manifest, digest),
        },
        "components": libraries,
        "dependencies": [
            {"ref": "model", "dependsOn": references},
            *({"ref": each} for each in references),
        ],
    }


def to_text(bill: dict[str, Any]) -> str:
    """Return a bill as JSON."""
    return json.dumps(bill, indent=2, ensure_ascii=False) + "\n"
