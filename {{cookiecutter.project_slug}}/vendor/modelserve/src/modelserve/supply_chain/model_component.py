"""Describe a trained model in CycloneDX, for `nox -s sbom` by the standard library alone."""

# Source: CycloneDX 1.6, "Machine Learning Bill of Materials".
import hashlib
import json
from pathlib import Path
from typing import Any

MANIFEST = "manifest.json"
TASKS = {"classifier": "classification", "regressor": "regression"}

Fields = dict[str, Any]


def read_component(folder: Path) -> Fields:
    """Return the component of the artifact in a folder."""
    content = (folder / MANIFEST).read_bytes()
    return make_component(json.loads(content), hashlib.sha256(content).hexdigest())


def make_component(manifest: Fields, manifest_sha256: str) -> Fields:
    """Return a trained model as a component: files, data, metrics, commit, lock and libraries.

    Args:
        manifest: of the artifact, of whatever version.
        manifest_sha256: of its file, which stands for all the others.
    """
    component: Fields = {
        "type": "machine-learning-model",
        "bom-ref": "model",
        "name": f"{manifest['name']}-model",
        "version": manifest["version"],
        "description": manifest.get("description") or f"Trained on {manifest['data']['source']}",
        "hashes": to_hashes([manifest["files"]["model.onnx"]]),
    }
    if commit := manifest.get("git_commit"):
        component["pedigree"] = {"commits": [{"uid": commit}]}
    component["modelCard"] = make_card(manifest)
    component["components"] = [
        file_component(name, digest)
        for name, digest in {**manifest["files"], MANIFEST: manifest_sha256}.items()
    ]
    component["properties"] = list_properties(manifest)
    return component


def make_card(manifest: Fields) -> Fields:
    """Return the model card: what was learned from what, how well it answers, and its use."""
    card: Fields = {
        "bom-ref": "model-card",
        "modelParameters": {
            "approach": {"type": "supervised"},
            **({"task": TASKS[manifest["task"]]} if "task" in manifest else {}),
            **architecture_of(manifest),
            "datasets": [data_of(manifest["data"])],
            "inputs": [{"format": format_of(each)} for each in manifest.get("features", ())],
            "outputs": [{"format": each} for each in manifest.get("labels") or ("number",)],
        },
        "quantitativeAnalysis": {
            "performanceMetrics": [
                {"type": name, "value": repr(value), "slice": "test rows"}
                | interval_of(manifest.get("intervals", {}).get(name))
                for name, value in manifest.get("metrics", {}).items()
            ]
        },
    }
    if texts := manifest.get("considerations"):
        card["considerations"] = {
            "useCases": [texts["intended_use"]],
            "technicalLimitations": [texts["limitations"]],
        }
    return card


def architecture_of(manifest: Fields) -> Fields:
    """Return the estimator, where the manifest names it."""
    named = manifest.get("provenance", {}).get("estimator")
    return {"modelArchitecture": named} if named else {}


def data_of(data: Fields) -> Fields:
    """Return the data that the model was trained and evaluated on."""
    counts = {
        name: data[f"{name}_rows"]
        for name in ("training", "calibration", "test")
        if f"{name}_rows" in data
    }
    hashed = [{"name": "SHA-256", "value": data["sha256"]}] if "sha256" in data else []
    return {
        "type": "dataset",
        "bom-ref": "data",
        "name": data["source"],
        "contents": {
            "properties": [
                *hashed,
                *({"name": f"{name} rows", "value": str(n)} for name, n in counts.items()),
            ]
        },
    }


def interval_of(ends: list[float] | None) -> Fields:
    """Return the 95 % confidence interval of a metric, if it has one."""
    if ends is None:
        return {}
    low, high = ends
    return {"confidenceInterval": {"lowerBound": repr(low), "upperBound": repr(high)}}


def format_of(feature: Fields) -> str:
    """Return the name and the type of a field."""
    return f"{feature['name']}: {feature.get('dtype') or feature.get('kind')}"


def file_component(name: str, digest: str) -> Fields:
    """Return a file of the artifact."""
    return {
        "type": "file",
        "bom-ref": f"model/{name}",
        "name": name,
        "hashes": to_hashes([digest]),
    }


def list_properties(manifest: Fields) -> list[Fields]:
    """Return what else it takes to train the model again, by name."""
    origin = manifest.get("origin") or {}
    named = {
        "created": manifest.get("created"),
        "seed": manifest.get("seed"),
        "lock:sha256": manifest.get("lock_sha256"),
        "config:path": origin.get("config"),
        "config:sha256": origin.get("config_sha256"),
        "python": origin.get("python"),
        "platform": origin.get("platform"),
        "uncommitted-changes": json.dumps(origin["dirty"]) if "dirty" in origin else None,
        **{f"library:{name}": text for name, text in manifest.get("libraries", {}).items()},
        **{f"provenance:{name}": text for name, text in manifest.get("provenance", {}).items()},
    }
    return [
        {"name": f"modelserve:{name}", "value": str(value)}
        for name, value in named.items()
        if value is not None
    ]


def library_components(manifest: Fields) -> list[Fields]:
    """Return the distributions that trained the model, for a bill of the model alone."""
    return [
        {
            "type": "library",
            "bom-ref": f"pkg:pypi/{name}@{version}",
            "purl": f"pkg:pypi/{name}@{version}",
            "name": name,
            "version": version,
        }
        for name, version in manifest.get("libraries", {}).items()
    ]


def to_hashes(digests: list[str]) -> list[Fields]:
    """Return SHA-256 digests in CycloneDX's form."""
    return [{"alg": "SHA-256", "content": digest} for digest in digests]
