"""Keys, and a signed copy of the artifact, which a test may change."""

import shutil
from pathlib import Path
from typing import NamedTuple

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from modelserve.artifact import Artifact
from modelserve.supply_chain.signing import sign

from tests.engine.commands import conftest as of_commands

command = of_commands.command  # the same fixture


class Keys(NamedTuple):
    """A pair of keys, as PEM files."""

    private: Path
    public: Path


def make_keys(folder: Path, name: str = "key", curve: type = ec.SECP256R1, password="") -> Keys:
    """Write a new pair of keys to a folder."""
    key = ec.generate_private_key(curve())
    encryption = BestAvailableEncryption(password.encode()) if password else NoEncryption()
    keys = Keys(folder / f"{name}.pem", folder / f"{name}.pub.pem")
    keys.private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))
    public = key.public_key()
    keys.public.write_bytes(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return keys


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    """Return a pair of keys of the test's own."""
    return make_keys(tmp_path)


@pytest.fixture
def copied(trained: Artifact, tmp_path: Path) -> Path:
    """Return a copy of the artifact, not signed."""
    return Path(shutil.copytree(trained.folder, tmp_path / "model"))


@pytest.fixture
def signed(copied: Path, keys: Keys) -> Path:
    """Return a signed copy of the artifact."""
    sign(copied, keys.private)
    return copied
