"""Sign an artifact by a private key, as OpenSSF Model Signing does."""

# cryptography is an extra: who signs nothing does not install it.
# pylint: disable=import-outside-toplevel

import base64
import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import artifact, signature
from ..errors import ArtifactError, ConfigurationError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey


def sign(folder: Path, key: Path, password: str = "") -> Path:
    """Write the signature of an artifact beside its files, and return its path.

    Args:
        folder: the artifact's.
        key: a private key of a curve P-256, P-384 or P-521, in PEM.
        password: of an encrypted key.

    Raises:
        ArtifactError: there is no artifact, it does not match its manifest, the folder holds files
            that are not in the manifest, or the signature cannot be written.
        ConfigurationError: the key cannot be read, or a library is missing.
    """
    manifest = artifact.load(folder).manifest
    hashes = {**manifest.files, artifact.MANIFEST: artifact.sha256(folder / artifact.MANIFEST)}
    if foreign := [*signature.unlisted_files(folder, hashes), *_folders(folder)]:
        raise ArtifactError(
            f"{folder} holds what the manifest does not list: {signature.show(foreign)}. "
            "Remove it: a signature is for all that lies there."
        )
    private = read_private_key(key, password)
    bundle = make_bundle(signature.to_statement(manifest.name, hashes), private)
    path = folder / signature.SIGNATURE
    scratch = path.with_name(f".{path.name}-{os.getpid()}")
    try:
        scratch.write_text(json.dumps(bundle) + "\n", encoding="utf-8")
        scratch.replace(path)
    except OSError as error:
        scratch.unlink(missing_ok=True)
        raise ArtifactError(f"{path} cannot be written: {error}") from error
    return path


def make_bundle(statement: dict[str, Any], key: "EllipticCurvePrivateKey") -> dict[str, Any]:
    """Return a Sigstore bundle with a signed statement."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    payload = json.dumps(statement).encode()
    public = key.public_key()
    signed = key.sign(signature.encode_payload(payload), signature.algorithm_of(public))
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return {
        "mediaType": signature.BUNDLE_TYPE,
        "verificationMaterial": {
            "publicKey": {"hint": hashlib.sha256(pem).hexdigest()},
            "tlogEntries": [],
        },
        "dsseEnvelope": {
            "payload": base64.b64encode(payload).decode(),
            "payloadType": signature.PAYLOAD_TYPE,
            "signatures": [{"sig": base64.b64encode(signed).decode(), "keyid": ""}],
        },
    }


def read_private_key(path: Path, password: str = "") -> "EllipticCurvePrivateKey":
    """Return the private key in a PEM file.

    Raises:
        ConfigurationError: it cannot be read or is of another kind, or the extra is not installed.
    """
    signature.require_cryptography()
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(path.read_bytes(), password.encode() or None)
    except TypeError as error:  # a password that is missing, or that is not needed
        raise ConfigurationError(
            f"The private key {path} cannot be read: {error}. Its password is MODEL_KEY_PASSWORD."
        ) from error
    except (OSError, ValueError, UnsupportedAlgorithm) as error:
        raise ConfigurationError(
            f"The private key {path} cannot be read: {str(error)[: signature.LONGEST]}"
        ) from error
    if not isinstance(key, EllipticCurvePrivateKey) or key.curve.name not in signature.HASHES:
        raise ConfigurationError(
            f"{path} is no private key of a curve P-256, P-384 or P-521. Make one: "
            "openssl ecparam -name prime256v1 -genkey -noout -out KEY.pem"
        )
    return key


def _folders(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir() if each.is_dir() and not each.is_symlink())
