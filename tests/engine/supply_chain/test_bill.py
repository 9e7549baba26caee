"""The bill of materials follows CycloneDX's schema and names all that made the model."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from modelserve import artifact
from modelserve.artifact import Artifact
from modelserve.deploy.sbom import add_hashes
from modelserve.supply_chain.bill import make_bill, to_text
from modelserve.supply_chain.model_component import read_component

from tests.engine.families import LIBRARY

FAMILIES = ("iris", "diabetes", "sentiment")

# The least that the bill of an image was made of, before the card was in it.
OLD = {
    "name": "iris-classifier",
    "version": "0.1.0-cccccccc",
    "data": {"source": "iris.csv"},
    "files": {"model.onnx": "c" * 64},
}


@pytest.fixture(scope="module")
def bill(trained: Artifact) -> dict[str, Any]:
    """Return the bill of the artifact."""
    return make_bill(trained)


def validate(bill: dict[str, Any]) -> None:
    """Validate a bill by the official schema, which comes with a library of CycloneDX."""
    error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(to_text(bill))
    assert error is None, error


def test_the_bill_follows_the_schema(bill: dict[str, Any]) -> None:
    validate(bill)


def test_the_same_artifact_has_the_same_bill(trained: Artifact, bill: dict[str, Any]) -> None:
    assert to_text(make_bill(artifact.load(trained.folder))) == to_text(bill)
    assert str(trained.folder) not in to_text(bill)


def test_every_file_is_named_with_its_hash(trained: Artifact, bill: dict[str, Any]) -> None:
    model = bill["metadata"]["component"]
    named = {each["name"]: each["hashes"][0]["content"] for each in model["components"]}
    paths = trained.folder.iterdir()
    assert named == {path.name: artifact.sha256(path) for path in paths}
    assert model["hashes"][0]["content"] == named[artifact.MODEL]


def test_metrics_carry_their_intervals(trained: Artifact, bill: dict[str, Any]) -> None:
    manifest = trained.manifest
    analysis = bill["metadata"]["component"]["modelCard"]["quantitativeAnalysis"]
    metrics = {each["type"]: each for each in analysis["performanceMetrics"]}
    assert {name: float(each["value"]) for name, each in metrics.items()} == manifest.metrics
    for name, (low, high) in manifest.intervals.items():
        ends = metrics[name]["confidenceInterval"]
        assert (float(ends["lowerBound"]), float(ends["upperBound"])) == (low, high)


def test_data_lock_libraries_and_use_are_named(trained: Artifact, bill: dict[str, Any]) -> None:
    manifest = trained.manifest
    model = bill["metadata"]["component"]
    (data,) = model["modelCard"]["modelParameters"]["datasets"]
    assert {"name": "SHA-256", "value": manifest.data.sha256} in data["contents"]["properties"]
    properties = {each["name"]: each["value"] for each in model["properties"]}
    assert properties["modelserve:lock:sha256"] == manifest.lock_sha256
    assert properties["modelserve:seed"] == str(manifest.seed)
    assert {each["name"]: each["version"] for each in bill["components"]} == manifest.libraries
    assert manifest.considerations is not None
    assert model["modelCard"]["considerations"]["useCases"] == [
        manifest.considerations.intended_use
    ]


def test_a_table_names_its_estimator(trained: Artifact, bill: dict[str, Any]) -> None:
    parameters = bill["metadata"]["component"]["modelCard"]["modelParameters"]
    expected = trained.manifest.provenance.get("estimator")
    assert parameters.get("modelArchitecture") == expected
    assert (expected is None) == (trained.manifest.modality == "text")


def test_the_commit_is_the_pedigree(trained: Artifact) -> None:
    manifest = trained.manifest.model_copy(update={"git_commit": "c0ffee"})
    bill = make_bill(Artifact(trained.folder, manifest))
    validate(bill)
    assert bill["metadata"]["component"]["pedigree"] == {"commits": [{"uid": "c0ffee"}]}


@pytest.mark.parametrize("commit", [None, ""])
def test_a_model_without_a_commit_has_a_valid_bill(trained: Artifact, commit: str | None) -> None:
    manifest = trained.manifest.model_copy(update={"git_commit": commit})
    validate(make_bill(Artifact(trained.folder, manifest)))


def test_both_bills_have_the_same_component(trained: Artifact, bill: dict[str, Any]) -> None:
    assert read_component(trained.folder) == bill["metadata"]["component"]


def test_a_manifest_with_little_in_it_has_a_valid_component(
    tmp_path: Path, bill: dict[str, Any]
) -> None:
    (tmp_path / artifact.MANIFEST).write_text(json.dumps(OLD), encoding="utf-8")
    component = read_component(tmp_path)
    validate(bill | {"metadata": bill["metadata"] | {"component": component}})


def test_the_component_needs_the_standard_library_alone() -> None:
    """Where the bill of an image is completed, the library's dependencies are not installed."""
    script = "import sys; from modelserve.deploy import sbom; print(sbom.read_component.__module__)"
    done = subprocess.run(
        [sys.executable, "-S", "-c", script],
        env={"PYTHONPATH": str(LIBRARY / "src"), "PATH": os.environ["PATH"]},
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == read_component.__module__


LOCK = f"""\
# This file was autogenerated.
anyio==4.14.0 \\
    --hash=sha256:{"a" * 64} \\
    --hash=sha256:{"b" * 64}
Exporter_HTTP.transport[grpc,requests]==0.66b2 ; python_full_version >= '3.11' \\
    --hash=sha256:{"c" * 64}
"""


def test_each_package_gets_the_hashes_of_its_pin_with_extras_or_without(tmp_path: Path) -> None:
    lock = tmp_path / "serving.txt"
    lock.write_text(LOCK, encoding="utf-8")
    components: list[dict[str, Any]] = [
        {"name": name, "version": version, "purl": f"pkg:pypi/{name}@{version}"}
        for name, version in (("anyio", "4.14.0"), ("exporter-http-transport", "0.66b2"))
    ]
    add_hashes(components, lock)
    found = [each["externalReferences"][0]["hashes"] for each in components]
    assert [[one["content"][0] for one in each] for each in found] == [["a", "b"], ["c"]]


def test_a_package_that_is_not_locked_is_refused(tmp_path: Path) -> None:
    lock = tmp_path / "serving.txt"
    lock.write_text(LOCK, encoding="utf-8")
    other = {"name": "anyio", "version": "4.13.0", "purl": "pkg:pypi/anyio@4.13.0"}
    with pytest.raises(SystemExit, match=r"pkg:pypi/anyio@4\.13\.0: not in .*nox -s lock"):
        add_hashes([other], lock)
