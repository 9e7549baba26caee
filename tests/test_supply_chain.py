"""What a project says of its secrets and of what its image holds, by the tools that CI runs."""

import hashlib
import json
import re
from collections.abc import Callable

import pytest

from tests.bakery import BakedProject

pytestmark = pytest.mark.covering

MODEL_SHA256 = "c" * 64
MANIFEST = {
    "name": "iris-classifier",
    "version": "0.1.0-cccccccc",
    "data": {"source": "iris.csv"},
    "files": {"model.onnx": MODEL_SHA256},
}
# In parts, so that no scanner finds them here.
PLANTED = {
    "src/planted.py": "KEY = 'AKIA" + "IOSFODNN7EXAMPLF'\n",
    "deploy.env": "PASSWORD=" + "hunter2hunter2\n",
    "id": "-----BEGIN " + "OPENSSH PRIVATE KEY-----\n",
}


@pytest.fixture
def project(bake: Callable[..., BakedProject]) -> BakedProject:
    """Return a project of the test's own."""
    return bake(deploy_target="none")


def test_a_secret_is_found_wherever_it_is_planted(project: BakedProject) -> None:
    """The run fails and names each file; what git ignores is not looked at."""
    for name, text in {**PLANTED, "logs/today.log": PLANTED["src/planted.py"]}.items():
        (project.path / name).parent.mkdir(exist_ok=True)
        (project.path / name).write_text(text, encoding="utf-8")
    done = project.run("nox", "-s", "secrets")
    assert done.returncode != 0
    assert set(re.findall(r"^Location: +(.+):\d+$", done.stdout, re.M)) == {*PLANTED}


def test_a_hash_and_an_identifier_in_data_are_no_secrets(project: BakedProject) -> None:
    """Retraining proposes files of hashes; a table may have identifiers."""
    digests = [hashlib.sha256(bytes([i])).hexdigest() for i in range(20)]
    lines = [json.dumps({"number": i, "sha256": digest}) for i, digest in enumerate(digests)]
    folder = project.path / "data" / "collected"
    folder.mkdir()
    for path in (project.path / "promotions.jsonl", folder / "new.csv.provenance.json"):
        path.write_text("\n".join(lines), encoding="utf-8")
    (folder / "new.csv").write_text("customer\n" + "\n".join(digests), encoding="utf-8")
    done = project.run("nox", "-s", "secrets")
    assert done.returncode == 0, done.stdout


def test_the_bill_names_all_that_is_installed_with_its_hashes_and_the_model(
    project: BakedProject,
) -> None:
    """And nothing that only another system would install; twice the same bytes."""
    (project.path / "model").mkdir()
    (project.path / "model" / "manifest.json").write_text(json.dumps(MANIFEST), encoding="utf-8")
    done = project.run("nox", "-s", "sbom")
    assert done.returncode == 0, done.stdout
    text = project.read("sbom.json")
    bill = json.loads(text)
    *packages, model = bill["components"]

    lock = project.read("requirements/serving.txt")
    locked = set(re.findall(r"^([\w.-]+)(?:\[[^\]\n]*\])?==(\S+)", lock, re.M))
    named = {(re.sub(r"[-_.]+", "-", each["name"]).lower(), each["version"]) for each in packages}
    trimmed = {"flatbuffers", "protobuf"}  # the image does without; the other is for Windows
    assert {name for name, _ in named} == {name for name, _ in locked} - trimmed - {"colorama"}
    assert named <= locked
    for each in packages:
        hashes = [found["content"] for found in each["externalReferences"][-1]["hashes"]]
        assert hashes
        assert all(f"--hash=sha256:{found}" in lock for found in hashes)
    assert (model["type"], model["version"]) == ("machine-learning-model", MANIFEST["version"])
    assert model["hashes"] == [{"alg": "SHA-256", "content": MODEL_SHA256}]
    assert str(project.path) not in text

    assert project.run("nox", "-s", "sbom").returncode == 0
    assert project.read("sbom.json") == text


def test_a_package_that_the_lock_does_not_know_is_refused(project: BakedProject) -> None:
    """Somebody has installed it by hand, or the lock was changed without its hashes."""
    (project.path / "model").mkdir()
    (project.path / "model" / "manifest.json").write_text(json.dumps(MANIFEST), encoding="utf-8")
    foreign = {"name": "foreign", "version": "1", "purl": "pkg:pypi/foreign@1"}
    (project.path / "sbom.json").write_text(json.dumps({"components": [foreign]}), encoding="utf-8")
    tool = ("uvx", "--from", "cyclonedx-bom==7.5.0", "python", "-m", "modelserve.deploy")
    done = project.run(*tool, "complete-sbom", PYTHONPATH="vendor/modelserve/src")
    assert done.returncode == 1
    assert "pkg:pypi/foreign@1: not in requirements/serving.txt" in done.stdout
