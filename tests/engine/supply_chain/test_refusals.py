"""Wherever a model comes into use, it must be signed by the key that is configured."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from modelserve import Project, artifact
from modelserve.artifact import Artifact
from modelserve.errors import SignatureError
from modelserve.promotion.promote import PromotionRequest, promote
from modelserve.serving.reloading.reloader import ReloadOutcome
from modelserve.serving.reloading.snapshot import Snapshots
from modelserve.supply_chain.signing import sign
from starlette.testclient import TestClient

from tests.engine.commands.run import Command
from tests.engine.conftest import MakeClient, MakeSettings
from tests.engine.model_variants import save_variant
from tests.engine.supply_chain.conftest import Keys, make_keys


def test_a_service_refuses_an_unsigned_model(
    project: Project, make_settings: MakeSettings, copied: Path, keys: Keys
) -> None:
    settings = make_settings(model_dir=copied, model_public_key=keys.public)
    with pytest.raises(SignatureError, match="is not signed"):
        project.service_class(settings)


def reload(client: TestClient) -> ReloadOutcome:
    """Ask a service to load its folder again."""

    async def request() -> ReloadOutcome:
        outcome: ReloadOutcome = await client.app.components.reloader.request("test")
        return outcome

    assert client.portal
    return client.portal.call(request)


def test_a_reload_refuses_an_unsigned_model_and_loads_a_signed_one(
    make_client: MakeClient, trained: Artifact, signed: Path, keys: Keys
) -> None:
    client = make_client(model_dir=signed, model_public_key=keys.public)
    save_variant(trained, signed, "2.0")
    outcome = reload(client)
    assert outcome.result == "refused"
    assert "is not signed" in outcome.reason
    assert client.get("/model").json()["version"] == trained.manifest.version
    sign(signed, keys.private)
    assert reload(client).result == "loaded"
    assert client.get("/model").json()["version"] == "2.0"


def test_a_snapshot_has_the_signature(signed: Path, keys: Keys) -> None:
    snapshots = Snapshots()
    try:
        taken = snapshots.take(signed, keys.public)
        assert (taken.folder / "model.sig").is_file()
    finally:
        snapshots.close()


def test_an_unsigned_challenger_is_refused(
    make_client: MakeClient, trained: Artifact, signed: Path, keys: Keys, tmp_path: Path
) -> None:
    other = tmp_path / "challenger"
    save_variant(trained, other, "2.0")
    changes = {"model_dir": signed, "challenger_dir": other, "model_public_key": keys.public}
    with pytest.raises(artifact.ArtifactError, match=r"CHALLENGER_DIR.*is not signed"):
        make_client(**changes)
    sign(other, keys.private)
    make_client(**changes)


def test_an_unsigned_candidate_is_not_promoted(copied: Path, keys: Keys, tmp_path: Path) -> None:
    record = tmp_path / "promotions.jsonl"
    request = PromotionRequest(
        copied, tmp_path / "served", record, by="a person", public_key=keys.public
    )
    with pytest.raises(SignatureError, match="is not signed"):
        promote(request, None)
    assert not (tmp_path / "served").exists()
    sign(copied, keys.private)
    promote(request, None)
    assert artifact.load(tmp_path / "served", public_key=keys.public)


def test_promoting_the_served_model_again_replaces_its_signature(
    project: Project,
    make_settings: MakeSettings,
    trained: Artifact,
    keys: Keys,
    tmp_path: Path,
) -> None:
    """Signed later, and then by the key that replaces the first one."""
    candidate, target = tmp_path / "candidate", tmp_path / "served"
    shutil.copytree(trained.folder, candidate)
    request = PromotionRequest(candidate, target, tmp_path / "promotions.jsonl")
    promote(request, None)
    for key in (keys, make_keys(tmp_path, "newer")):
        with pytest.raises(SignatureError):
            artifact.load(target, public_key=key.public)
        sign(candidate, key.private)
        assert promote(replace(request, public_key=key.public), None).signed
        project.service_class(make_settings(model_dir=target, model_public_key=key.public))


def test_promote_reads_the_key_from_the_environment(
    command: Command,
    copied: Path,
    keys: Keys,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MODEL_PUBLIC_KEY", str(keys.public))
    done = command("promote", copied, "--to", "served", "--by", "a person")
    assert done.code == 2
    assert "is not signed" in done.err
    assert not Path("served").exists()


def test_monitoring_refuses_an_unsigned_model(
    command: Command,
    copied: Path,
    keys: Keys,
    monkeypatch: pytest.MonkeyPatch,
    trained: Artifact,
) -> None:
    monkeypatch.setenv("MODEL_PUBLIC_KEY", str(keys.public))
    Path("captures").mkdir()
    Path("captures", "one.jsonl").write_text(json.dumps({}), encoding="utf-8")
    config = trained.folder.parent / "config" / "monitoring.toml"
    shutil.copy(config, "monitoring.toml")
    done = command("monitor", "captures", "--model", copied, "--config", "monitoring.toml")
    assert done.code == 2
    assert "is not signed" in done.err
