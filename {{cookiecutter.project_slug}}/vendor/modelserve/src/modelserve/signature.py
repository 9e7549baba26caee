"""Verify the signature of an artifact: an in-toto statement in a Sigstore bundle."""

# Source: OpenSSF Model Signing 1.0; DSSE 1.0; Sigstore bundle 0.3.

# cryptography is an extra: who verifies no signatures does not install it.
# pylint: disable=import-outside-toplevel

import base64
import hashlib
import json
import os
import re
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import ConfigurationError, SignatureError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey

SIGNATURE = "model.sig"
BUNDLE_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://model_signing/signature/v1.0"

MAX_BYTES = 4_194_304  # of a signature, and of a file of keys
MAX_SHOWN, LONGEST = 10, 200  # files in one message, and characters of a name in it
HASHES = {"secp256r1": "SHA256", "secp384r1": "SHA384", "secp521r1": "SHA512"}
PEM = re.compile(rb"-----BEGIN PUBLIC KEY-----.+?-----END PUBLIC KEY-----", re.DOTALL)
WAY_OUT = "Sign it by `sign --key FILE`, or copy it again from where it was signed."


def verify(folder: Path, hashes: Mapping[str, str], keys: Path) -> None:
    """Verify that one of some keys has signed the files of a folder, and that it has no others.

    Args:
        folder: the artifact's, with its signature.
        hashes: the SHA-256 of each file in it but the signature.
        keys: a PEM file with one public key, or several while keys are replaced.

    Raises:
        SignatureError: there is no signature, it was made by none of the keys or for other files,
            or the folder holds more than was signed.
        ConfigurationError: the keys cannot be read, or a library is missing.
    """
    trusted = read_keys(keys)
    try:
        signed = _signed_hashes(_open(_read(folder / SIGNATURE), trusted))
    except FileNotFoundError as error:
        raise SignatureError(
            f"The model in {folder} is not signed: no {SIGNATURE}. {WAY_OUT}"
        ) from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        reason = str(error)[:LONGEST] if type(error) in (OSError, ValueError) else "malformed"
        raise SignatureError(
            f"{folder / SIGNATURE} does not hold: {reason} ({keys} has the public keys). {WAY_OUT}"
        ) from error
    differing = sorted(
        name for name in hashes.keys() | signed.keys() if hashes.get(name) != signed.get(name)
    )
    if differing:
        raise SignatureError(
            f"{folder / SIGNATURE} was made for other files: {show(differing)} differ. {WAY_OUT}"
        )
    if unsigned := unlisted_files(folder, hashes):
        raise SignatureError(
            f"{folder} holds what was not signed: {show(unsigned)}. Remove it, or sign again."
        )


def unlisted_files(folder: Path, names: Mapping[str, str]) -> list[str]:
    """Return the links in a folder, and the files that are neither a signature nor named."""
    with os.scandir(folder) as entries:
        return sorted(
            each.name
            for each in entries
            if each.is_symlink()
            or (each.is_file() and each.name != SIGNATURE and each.name not in names)
        )


def show(names: list[str]) -> str:
    """Return names of files for a message."""
    more = f" and {len(names) - MAX_SHOWN} more" if len(names) > MAX_SHOWN else ""
    return ", ".join(repr(name)[1:-1][:LONGEST] for name in names[:MAX_SHOWN]) + more


def to_statement(name: str, hashes: Mapping[str, str]) -> dict[str, Any]:
    """Return the in-toto statement about the files of a model.

    Args:
        name: of the model.
        hashes: the SHA-256 of each file.
    """
    ordered = sorted(hashes.items())
    root = hashlib.sha256(b"".join(bytes.fromhex(digest) for _, digest in ordered)).hexdigest()
    return {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": name, "digest": {"sha256": root}}],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "serialization": {
                "method": "files",
                "hash_type": "sha256",
                "allow_symlinks": False,
                "ignore_paths": [SIGNATURE],
            },
            "resources": [
                {"name": path, "algorithm": "sha256", "digest": digest} for path, digest in ordered
            ],
        },
    }


def encode_payload(payload: bytes) -> bytes:
    """Return what is signed: DSSE's pre-authentication encoding of a payload."""
    return b"DSSEv1 %d %s %d %s" % (
        len(PAYLOAD_TYPE),
        PAYLOAD_TYPE.encode(),
        len(payload),
        payload,
    )


def algorithm_of(key: "EllipticCurvePublicKey") -> "ECDSA":
    """Return the algorithm that signatures of a key are made by."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA

    return ECDSA(getattr(hashes, HASHES[key.curve.name])())


def read_keys(path: Path) -> "list[EllipticCurvePublicKey]":
    """Return the public keys in a PEM file.

    Raises:
        ConfigurationError: it cannot be read, holds no key or one of another kind, or the extra is
            not installed.
    """
    if path == Path():  # an empty variable
        raise ConfigurationError(
            "MODEL_PUBLIC_KEY names no file: set it to a public key, or unset it to load unsigned "
            "models too."
        )
    require_cryptography()
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        keys = [load_pem_public_key(block) for block in PEM.findall(_read(path))]
    except (OSError, ValueError, UnsupportedAlgorithm) as error:
        raise ConfigurationError(f"The public key {path} cannot be read: {error}") from error
    if not keys or not all(_is_supported(key) for key in keys):
        raise ConfigurationError(
            f"{path} is no public key of a curve P-256, P-384 or P-521 in PEM. Make one: "
            "openssl ec -in KEY.pem -pubout -out PUBLIC.pem"
        )
    return keys  # type: ignore[return-value]  # each is of the class that was asked for


def require_cryptography() -> None:
    """Check that the extra is installed.

    Raises:
        ConfigurationError: it is not.
    """
    if find_spec("cryptography") is None:
        raise ConfigurationError(
            "Signatures need the package cryptography, which is not installed. Add the extra to "
            '`dependencies` in pyproject.toml, as in "modelserve[signing] @ ...", and run '
            "`uvx nox -s lock` and `uvx nox -s dev`."
        )


def _is_supported(key: object) -> bool:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

    return isinstance(key, EllipticCurvePublicKey) and key.curve.name in HASHES


def _read(path: Path) -> bytes:
    """Return the content of a file that must be small."""
    with path.open("rb") as stream:
        content = stream.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise ValueError(f"{path.name} has more than {MAX_BYTES} bytes")
    return content


def _open(content: bytes, keys: "list[EllipticCurvePublicKey]") -> bytes:
    """Return the payload of a bundle that one of the keys has signed."""
    from cryptography.exceptions import InvalidSignature

    bundle = json.loads(content)
    if bundle["mediaType"] != BUNDLE_TYPE:
        raise ValueError(f"it is no Sigstore bundle of version 0.3, {BUNDLE_TYPE}")
    envelope = bundle["dsseEnvelope"]
    if envelope["payloadType"] != PAYLOAD_TYPE:
        raise ValueError("it signs no in-toto statement")
    payload = base64.b64decode(envelope["payload"], validate=True)
    (signature,) = envelope["signatures"]
    for key in keys:
        try:
            key.verify(
                base64.b64decode(signature["sig"], validate=True),
                encode_payload(payload),
                algorithm_of(key),
            )
        except InvalidSignature:
            continue
        return payload
    raise ValueError("it was changed, or made by another key")


def _signed_hashes(payload: bytes) -> dict[str, str]:
    """Return the SHA-256 of each file in a signed statement."""
    statement = json.loads(payload)
    if (statement["_type"], statement["predicateType"]) != (STATEMENT_TYPE, PREDICATE_TYPE):
        raise ValueError("it is a statement about something else than a model")
    predicate = statement["predicate"]
    if predicate["serialization"]["method"] != "files":
        raise ValueError("it signs parts of files; sign whole ones")
    resources = predicate["resources"]
    if any(each["algorithm"] != "sha256" for each in resources):
        raise ValueError("it holds other hashes than SHA-256")
    hashes = {each["name"]: each["digest"] for each in resources}
    if len(hashes) < len(resources):
        raise ValueError("it names a file twice")
    return hashes
