"""`info` shows the chain from the data to the signature; `sign` and `verify` work on it."""

import json
from pathlib import Path

import pytest
from modelserve import artifact
from modelserve.artifact import Artifact
from modelserve.settings import Settings
from modelserve.supply_chain.bill import make_bill, to_text
from modelserve.supply_chain.chain import list_links

from tests.engine.commands.run import Command, one_line
from tests.engine.supply_chain.conftest import Keys, make_keys


def test_the_chain_leads_from_the_data_to_the_manifest(trained: Artifact) -> None:
    links = dict(list_links(trained, None))
    assert list(links) == [
        *("data", "commit", "lock", "config", "trained by"),
        *("graph", "manifest", "signature", "bill"),
    ]
    assert trained.manifest.data.sha256[:12] in links["data"]
    assert trained.manifest.files[artifact.MODEL][:12] in links["graph"]
    assert artifact.sha256(trained.folder / artifact.MANIFEST)[:12] in links["manifest"]


def test_the_state_of_the_signature_is_shown(
    trained: Artifact, signed: Path, keys: Keys, tmp_path: Path
) -> None:
    def shown(held: Artifact, key: Path | None) -> str:
        return dict(list_links(held, key))["signature"]

    held = artifact.load(signed)
    other = make_keys(tmp_path, "other")
    assert shown(trained, None).startswith("none")
    assert shown(held, None).startswith("not verified")
    assert shown(held, keys.public) == f"valid, by a key in {keys.public}"
    assert shown(held, other.public).startswith("invalid: ")
    assert shown(trained, keys.public).startswith("invalid: ")


def test_info_prints_the_chain(command: Command, signed: Path, keys: Keys) -> None:
    command("verify", "--key", keys.public, "--model", signed)
    done = command("info", "--model", signed)
    assert done.code == 0
    assert any(row.startswith("signature not verified") for row in done.rows)
    assert any(row.startswith("data iris.csv, SHA-256") for row in done.rows)


def test_info_prints_the_bill(command: Command, trained: Artifact) -> None:
    done = command("info", "--bom", "--model", trained.folder)
    assert (done.code, done.err) == (0, "")
    assert done.out == to_text(make_bill(trained))
    assert json.loads(done.out)["bomFormat"] == "CycloneDX"


def test_info_prints_one_of_the_two(command: Command, trained: Artifact) -> None:
    assert command("info", "--bom", "--json", "--model", trained.folder).code == 2


def test_what_sign_signs_is_verified(
    command: Command,
    copied: Path,
    keys: Keys,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert command("verify", "--key", keys.public, "--model", copied).code == 2
    assert command("sign", "--key", keys.private, "--model", copied).code == 0
    done = command("verify", "--key", keys.public, "--model", copied)
    assert (done.code, done.err) == (0, "")
    assert "is signed by a key in" in done.out
    monkeypatch.setenv("MODEL_PUBLIC_KEY", str(keys.public))
    assert command("verify", "--model", copied).code == 0


def test_an_encrypted_key_is_opened_by_the_environment(
    command: Command,
    copied: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keys = make_keys(tmp_path, password="correct horse")
    assert "MODEL_KEY_PASSWORD" in one_line(
        command("sign", "--key", keys.private, "--model", copied).err
    )
    monkeypatch.setenv("MODEL_KEY_PASSWORD", "correct horse")
    assert command("sign", "--key", keys.private, "--model", copied).code == 0


def test_without_a_key_there_is_nothing_to_verify_by(
    command: Command,
    signed: Path,
) -> None:
    done = command("verify", "--model", signed)
    assert done.code == 2
    assert "set MODEL_PUBLIC_KEY" in one_line(done.err)


@pytest.mark.parametrize("words", [["verify"], ["info"], ["example"]], ids=" ".join)
def test_an_empty_variable_is_no_key(
    command: Command,
    signed: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
) -> None:
    """Where it decides whether a model may be used, it is refused."""
    monkeypatch.setenv("MODEL_PUBLIC_KEY", "")
    done = command(*words, "--model", signed)
    assert "MODEL_PUBLIC_KEY names no file" in done.out + done.err
    assert done.code == (0 if words == ["info"] else 2)


@pytest.mark.parametrize(
    "words",
    [["example"], ["predict", "-"], ["serve"], ["batch", "rows.csv", "out.csv"]],
    ids=lambda words: words[0],
)
def test_commands_that_use_a_model_refuse_an_unsigned_one(
    command: Command,
    copied: Path,
    keys: Keys,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
) -> None:
    Path("rows.csv").write_text("sepal_length\n", encoding="utf-8")
    monkeypatch.setenv("MODEL_PUBLIC_KEY", str(keys.public))
    done = command(*words, "--model", copied)
    assert done.code == 2
    assert "is not signed" in done.err


def test_a_service_of_a_signed_model_answers(make_client, signed: Path, keys: Keys, row) -> None:
    client = make_client(model_dir=signed, model_public_key=keys.public)
    assert client.post("/predict", json={"instances": [row]}).status_code == 200


def test_the_key_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MODEL_PUBLIC_KEY", raising=False)
    assert Settings.read_public_key() is None
    monkeypatch.setenv("MODEL_PUBLIC_KEY", " /keys/model.pem\r")
    assert Settings.read_public_key() == Path("/keys/model.pem")
