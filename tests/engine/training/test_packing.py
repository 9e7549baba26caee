"""The manifest names the data, the commit, the lock and the libraries of a model."""

from importlib import metadata
from pathlib import Path
from typing import Any

from modelserve import Project, artifact
from modelserve.artifact import Artifact
from modelserve.training import packing
from modelserve.training.config import Config


def test_the_lock_is_identified_by_its_hash(tmp_path: Path) -> None:
    assert packing.lock_hash(tmp_path) is None
    lock = tmp_path / "requirements" / "training.txt"
    lock.parent.mkdir()
    lock.write_bytes(b"numpy==2.0.0\n")
    assert packing.lock_hash(tmp_path) == artifact.sha256(b"numpy==2.0.0\n")


def test_the_manifest_names_everything_that_a_model_was_trained_with(
    trained: Artifact, project: Project, config: Config
) -> None:
    manifest = trained.manifest
    graph = artifact.sha256(trained.model.read_bytes())
    assert (manifest.name, manifest.seed) == (project.name, config.seed)
    assert manifest.version == f"{project.version}-{graph[:8]}"
    assert manifest.description == config.description
    assert manifest.data.source == config.data.path.name
    assert manifest.data.sha256 == artifact.sha256(config.data.path.read_bytes())
    assert manifest.libraries == {name: metadata.version(name) for name in manifest.libraries}
    assert manifest.libraries


def test_golden_cases_are_as_many_as_configured(
    golden: list[dict[str, Any]], trained: Artifact, config: Config
) -> None:
    assert len(golden) == min(config.reference.golden_cases, trained.manifest.data.test_rows)
    assert all(case.keys() == {"input", "output"} for case in golden)
    assert {len(case["output"]) for case in golden} == {len(trained.manifest.fallback)}
