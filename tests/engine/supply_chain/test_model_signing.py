"""OpenSSF's own tool verifies our signatures, and we verify its."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from modelserve import artifact
from modelserve.errors import SignatureError

from tests.engine.supply_chain.conftest import Keys

pytestmark = pytest.mark.slow

# Its metadata leave out the second one, which it imports.
PACKAGES = ("model-signing==1.1.1", "pyopenssl==26.4.0")

Run = Callable[..., subprocess.CompletedProcess]


@pytest.fixture(scope="module")
def model_signing(tmp_path_factory: pytest.TempPathFactory, without: Callable[[str], None]) -> Run:
    """Return the tool, in an environment of its own."""
    folder = tmp_path_factory.mktemp("model-signing")
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    try:
        for command in (
            ["venv", "--quiet", "--clear", "--python", sys.executable, folder],
            ["pip", "install", "--quiet", "--python", python, *PACKAGES],
        ):
            subprocess.run(["uv", *map(str, command)], check=True, capture_output=True)
    except FileNotFoundError:
        without("uv")

    def run(*words: object) -> subprocess.CompletedProcess:
        command = [python, "-m", "model_signing", *words]
        return subprocess.run(list(map(str, command)), check=False, capture_output=True, text=True)

    return run


def test_the_tool_verifies_our_signature(model_signing: Run, signed: Path, keys: Keys) -> None:
    words = ("verify", "key", "--signature", signed / "model.sig", "--public_key", keys.public)
    done = model_signing(*words, signed)
    assert done.returncode == 0, done.stdout + done.stderr
    (signed / artifact.CARD).write_text("Approved.", encoding="utf-8")
    assert model_signing(*words, signed).returncode != 0


def test_we_verify_its_signature(model_signing: Run, copied: Path, keys: Keys) -> None:
    words = ("sign", "key", "--signature", copied / "model.sig", "--private_key", keys.private)
    done = model_signing(*words, copied)
    assert done.returncode == 0, done.stdout + done.stderr
    assert artifact.load(copied, public_key=keys.public)
    (copied / "added.txt").write_text("", encoding="utf-8")
    with pytest.raises(SignatureError, match=r"not signed: added\.txt"):
        artifact.load(copied, public_key=keys.public)
