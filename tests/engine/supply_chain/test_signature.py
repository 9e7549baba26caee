"""An artifact loads only with the signature of a trusted key over exactly its files."""

import base64
import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from modelserve import artifact, signature
from modelserve.errors import ArtifactError, ConfigurationError, SignatureError
from modelserve.supply_chain.signing import make_bundle, read_private_key, sign

from tests.engine.supply_chain.conftest import Keys, make_keys

SIGNATURE = signature.SIGNATURE


def rewrite(folder: Path, **changes: object) -> None:
    """Change a manifest's fields, and hash the files anew, as a forger does."""
    path = folder / artifact.MANIFEST
    content = json.loads(path.read_text(encoding="utf-8"))
    content["files"] = {name: artifact.sha256(folder / name) for name in content["files"]}
    path.write_text(json.dumps(content | changes), encoding="utf-8")


def open_payload(folder: Path) -> dict:
    """Return the statement that a folder's signature is about."""
    bundle = json.loads((folder / SIGNATURE).read_text(encoding="utf-8"))
    return json.loads(base64.b64decode(bundle["dsseEnvelope"]["payload"]))


def write_bundle(folder: Path, statement: dict, keys: Keys) -> None:
    """Sign a statement of whatever content."""
    bundle = make_bundle(statement, read_private_key(keys.private))
    (folder / SIGNATURE).write_text(json.dumps(bundle), encoding="utf-8")


def change_resource(statement: dict, **changes: str) -> dict:
    """Return a statement that says something else about the graph."""
    resources = [
        each | changes if each["name"] == artifact.MODEL else each
        for each in statement["predicate"]["resources"]
    ]
    return statement | {"predicate": statement["predicate"] | {"resources": resources}}


def test_a_signed_artifact_loads_with_its_key_and_without(signed: Path, keys: Keys) -> None:
    assert artifact.load(signed, public_key=keys.public) == artifact.load(signed)


@pytest.mark.parametrize("curve", [ec.SECP256R1, ec.SECP384R1, ec.SECP521R1])
def test_keys_of_each_curve_sign(copied: Path, tmp_path: Path, curve: type) -> None:
    keys = make_keys(tmp_path, curve=curve)
    sign(copied, keys.private)
    assert artifact.load(copied, public_key=keys.public)


def test_one_of_several_keys_is_enough(signed: Path, keys: Keys, tmp_path: Path) -> None:
    newer = make_keys(tmp_path, "newer")
    both = tmp_path / "both.pem"
    both.write_bytes(newer.public.read_bytes() + keys.public.read_bytes())
    assert artifact.load(signed, public_key=both)


def test_a_new_signature_replaces_the_old_one(signed: Path, tmp_path: Path) -> None:
    newer = make_keys(tmp_path, "newer")
    sign(signed, newer.private)
    assert artifact.load(signed, public_key=newer.public)
    assert {path.name for path in signed.iterdir()} == {
        *artifact.load(signed).manifest.files,
        artifact.MANIFEST,
        SIGNATURE,
    }


def test_training_again_removes_the_signature(signed: Path) -> None:
    before = artifact.load(signed)
    files = {name: (signed / name).read_bytes() for name in before.manifest.files}
    artifact.save(signed, before.manifest, files)
    assert not (signed / SIGNATURE).exists()


def _unsign(folder: Path) -> None:
    (folder / SIGNATURE).unlink()


def _change_the_card_and_its_hash(folder: Path) -> None:
    (folder / artifact.CARD).write_text("Approved.", encoding="utf-8")
    rewrite(folder)


def _change_the_manifest(folder: Path) -> None:
    rewrite(folder, description="Approved.")


def _drop_a_file(folder: Path) -> None:
    (folder / artifact.CARD).unlink()
    content = json.loads((folder / artifact.MANIFEST).read_text(encoding="utf-8"))
    del content["files"][artifact.CARD]
    (folder / artifact.MANIFEST).write_text(json.dumps(content), encoding="utf-8")


def _add_a_file(folder: Path) -> None:
    (folder / "naïve \u202e.bin").write_bytes(b"")


def _add_a_link(folder: Path) -> None:
    (folder / "weights.bin").symlink_to("/etc/hostname")


def _replace_a_file_by_a_link_to_the_same_content(folder: Path) -> None:
    other = shutil.move(folder / artifact.MODEL, folder.parent / "elsewhere.onnx")
    (folder / artifact.MODEL).symlink_to(folder / "within.onnx")
    shutil.move(other, folder / "within.onnx")


def _shorten_the_signature(folder: Path) -> None:
    path = folder / SIGNATURE
    path.write_bytes(path.read_bytes()[:100])


def _empty_the_signature(folder: Path) -> None:
    (folder / SIGNATURE).write_bytes(b"")


def _nest_the_signature(folder: Path) -> None:
    (folder / SIGNATURE).write_bytes(b"[" * 100_000)


def _write_a_huge_signature(folder: Path) -> None:
    with (folder / SIGNATURE).open("wb") as stream:
        stream.truncate(signature.MAX_BYTES + 1)


def _make_the_signature_a_folder(folder: Path) -> None:
    _unsign(folder)
    (folder / SIGNATURE).mkdir()


def _write_a_list(folder: Path) -> None:
    (folder / SIGNATURE).write_text("[1]", encoding="utf-8")


@pytest.mark.parametrize(
    ("tamper", "complaint"),
    [
        (_unsign, "is not signed"),
        (_change_the_card_and_its_hash, "MODEL_CARD.md, manifest.json differ"),
        (_change_the_manifest, "manifest.json differ"),
        (_drop_a_file, "MODEL_CARD.md, manifest.json differ"),
        (_add_a_file, r"holds what was not signed: na.ve \\u202e.bin"),
        (_add_a_link, "holds what was not signed: weights.bin"),
        (_replace_a_file_by_a_link_to_the_same_content, "not signed: model.onnx, within.onnx"),
        (_shorten_the_signature, "does not hold"),
        (_empty_the_signature, "does not hold"),
        (_nest_the_signature, "does not hold"),
        (_write_a_huge_signature, "more than 4194304 bytes"),
        (_make_the_signature_a_folder, "does not hold"),
        (_write_a_list, "does not hold: malformed"),
    ],
)
def test_what_was_tampered_with_is_refused_with_the_way_out(
    signed: Path, keys: Keys, tamper: Callable[[Path], None], complaint: str
) -> None:
    tamper(signed)
    with pytest.raises(SignatureError, match=complaint) as refused:
        artifact.load(signed, public_key=keys.public)
    assert "again" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_another_key_is_refused(signed: Path, tmp_path: Path) -> None:
    other = make_keys(tmp_path, "other")
    with pytest.raises(SignatureError, match=r"made by another key \(.*other.pub.pem"):
        artifact.load(signed, public_key=other.public)


def test_the_signature_of_another_artifact_is_refused(
    signed: Path, keys: Keys, tmp_path: Path
) -> None:
    other = Path(shutil.copytree(signed, tmp_path / "other"))
    rewrite(other, seed=7)
    sign(other, keys.private)
    shutil.copy(other / SIGNATURE, signed)
    with pytest.raises(SignatureError, match=r"made for other files: manifest.json differ"):
        artifact.load(signed, public_key=keys.public)


@pytest.mark.parametrize(
    "change",
    [
        lambda one: one | {"predicateType": "https://slsa.dev/provenance/v1"},
        lambda one: one | {"_type": "https://in-toto.io/Statement/v0.1"},
        lambda one: one | {"predicate": one["predicate"] | {"resources": []}},
        lambda one: (
            one
            | {
                "predicate": one["predicate"]
                | {"resources": one["predicate"]["resources"] + one["predicate"]["resources"][:1]}
            }
        ),
        lambda one: one | {"predicate": one["predicate"] | {"serialization": {"method": "shards"}}},
        lambda one: one | {"predicate": None},
        lambda one: change_resource(one, algorithm="blake2b"),
        lambda one: change_resource(one, digest="0" * 64),
    ],
    ids=[
        "predicate",
        "statement",
        "no-files",
        "a-file-twice",
        "shards",
        "nothing",
        "another-hash",
        "another-content",
    ],
)
def test_a_trusted_key_under_another_statement_is_refused(
    signed: Path, keys: Keys, change: Callable[[dict], dict]
) -> None:
    write_bundle(signed, change(open_payload(signed)), keys)
    with pytest.raises(SignatureError):
        artifact.load(signed, public_key=keys.public)


def test_an_altered_payload_is_refused(signed: Path, keys: Keys) -> None:
    path = signed / SIGNATURE
    bundle = json.loads(path.read_text(encoding="utf-8"))
    payload = json.dumps(open_payload(signed) | {"note": "x"}).encode()
    bundle["dsseEnvelope"]["payload"] = base64.b64encode(payload).decode()
    path.write_text(json.dumps(bundle), encoding="utf-8")
    with pytest.raises(SignatureError, match="it was changed, or made by another key"):
        artifact.load(signed, public_key=keys.public)


@pytest.mark.parametrize(
    ("name", "media_type", "complaint"),
    [
        pytest.param(
            "mediaType",
            "application/vnd.dev.sigstore.bundle.v0.3+json",
            "it is no Sigstore bundle of version 0.3",
            id="bundle",
        ),
        pytest.param(
            "payloadType",
            "application/vnd.in-toto+json",
            "it signs no in-toto statement",
            id="payload",
        ),
    ],
)
def test_a_signature_of_another_media_type_is_refused(
    signed: Path, keys: Keys, name: str, media_type: str, complaint: str
) -> None:
    path = signed / SIGNATURE
    bundle = json.loads(path.read_text(encoding="utf-8"))
    place = bundle if name in bundle else bundle["dsseEnvelope"]
    assert place[name] == media_type
    place[name] = "application/json"
    path.write_text(json.dumps(bundle), encoding="utf-8")
    with pytest.raises(SignatureError, match=complaint):
        artifact.load(signed, public_key=keys.public)


def test_a_second_signature_is_refused(signed: Path, keys: Keys) -> None:
    path = signed / SIGNATURE
    bundle = json.loads(path.read_text(encoding="utf-8"))
    bundle["dsseEnvelope"]["signatures"] *= 2
    path.write_text(json.dumps(bundle), encoding="utf-8")
    with pytest.raises(SignatureError, match="does not hold"):
        artifact.load(signed, public_key=keys.public)


def test_a_signature_that_cannot_be_written_leaves_the_folder_as_it_was(
    signed: Path, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {path.name: path.read_bytes() for path in signed.iterdir()}

    def fail(*_: object) -> None:
        raise OSError("No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", fail)
        with pytest.raises(ArtifactError, match=r"model\.sig cannot be written: No space left"):
            sign(signed, keys.private)
    assert {path.name: path.read_bytes() for path in signed.iterdir()} == before


def test_a_folder_with_more_than_the_manifest_names_is_not_signed(copied: Path, keys: Keys) -> None:
    (copied / "notes.txt").write_text("", encoding="utf-8")
    (copied / "cache").mkdir()
    with pytest.raises(ArtifactError, match=r"does not list: notes.txt, cache"):
        sign(copied, keys.private)
    assert not (copied / SIGNATURE).exists()


def test_an_encrypted_key_needs_its_password(copied: Path, tmp_path: Path) -> None:
    keys = make_keys(tmp_path, password="correct horse")
    for wrong in ("", "wrong"):
        with pytest.raises(ConfigurationError, match="cannot be read"):
            sign(copied, keys.private, wrong)
    sign(copied, keys.private, "correct horse")
    assert artifact.load(copied, public_key=keys.public)


def test_keys_of_another_kind_are_refused_also_beside_a_good_one(
    signed: Path, keys: Keys, tmp_path: Path
) -> None:
    path = tmp_path / "ed25519.pem"
    public = ed25519.Ed25519PrivateKey.generate().public_key()
    other = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for before in (b"", keys.public.read_bytes()):
        path.write_bytes(before + other)
        with pytest.raises(ConfigurationError, match="no public key of a curve P-256"):
            artifact.load(signed, public_key=path)


def test_keys_of_another_curve_are_refused(signed: Path, tmp_path: Path) -> None:
    other = make_keys(tmp_path, "other", ec.SECP256K1)
    with pytest.raises(ConfigurationError, match="no public key of a curve P-256"):
        artifact.load(signed, public_key=other.public)
    with pytest.raises(ConfigurationError, match="no private key of a curve P-256"):
        sign(signed, other.private)


@pytest.mark.parametrize("content", [b"", b"key", b"\xff" * 9, None], ids=repr)
def test_a_file_without_a_key_is_refused(
    signed: Path, tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "odd.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"odd\.pem"):
        artifact.load(signed, public_key=path)


def test_a_private_key_is_no_public_key(signed: Path, keys: Keys) -> None:
    with pytest.raises(ConfigurationError, match="no public key"):
        artifact.load(signed, public_key=keys.private)


def test_without_the_extra_the_way_out_is_named(
    signed: Path, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cryptography", None)
    with pytest.raises(ConfigurationError, match=r"modelserve\[signing\]"):
        artifact.load(signed, public_key=keys.public)


def test_files_are_hashed_once_and_in_pieces(
    signed: Path, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A graph of gigabytes is not read a second time for its signature."""
    hashed: list[object] = []
    one = artifact.sha256
    monkeypatch.setattr(
        artifact, "sha256", lambda content: (hashed.append(content), one(content))[1]
    )
    artifact.load(signed, public_key=keys.public)
    files = [each for each in hashed if isinstance(each, os.PathLike)]
    assert len(files) == len(set(files)) == len(artifact.load(signed).manifest.files)
