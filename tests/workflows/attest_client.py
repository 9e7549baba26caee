"""The registry client of `actions/attest`, in the version that the pinned action locks.

Its own code reads docker's configuration and stores attestations; nothing of it is imitated.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

PACKAGE = "@sigstore/oci@0.7.2"  # which actions/attest v4.2.2 locks
SCRIPT = """
const { attachArtifactToImage, getRegistryCredentials } = require("@sigstore/oci");
const [imageName, imageDigest, ...artifacts] = process.argv.slice(2);
const credentials = getRegistryCredentials(imageName);
(async () => {
  const stored = [];
  for (const artifact of artifacts) {
    const descriptor = await attachArtifactToImage({
      imageName, imageDigest, credentials, artifact: Buffer.from(artifact),
      mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json",
    });
    stored.push(descriptor.digest);
  }
  console.log(JSON.stringify({ credentials, stored }));
})().catch((error) => {
  console.error(String(error), String(error.cause));
  process.exit(1);
});
"""


class AttestClient:
    """The client, installed from the registry of npm.

    Args:
        folder: where it is installed, or is already.
    """

    def __init__(self, folder: Path) -> None:
        """Install it; without node or npm, skip the test, or fail in CI."""
        for program in ("node", "npm"):
            if shutil.which(program) is None:
                assert not os.environ.get("REQUIRE_ALL"), f"there is no {program} here"
                pytest.skip(f"there is no {program} here")
        self.script = folder / "attest.js"
        if self.script.exists():
            return
        folder.mkdir()
        options = ("--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--no-save")
        install = ["npm", "install", *options, PACKAGE]
        # npm looks upwards for a project: without one here, it would install elsewhere.
        (folder / "package.json").write_text("{}", encoding="utf-8")
        subprocess.run(install, cwd=folder, check=True, stdin=subprocess.DEVNULL)
        self.script.write_text(SCRIPT, encoding="utf-8")

    def try_to_attest(
        self, home: Path, image: str, *artifacts: str
    ) -> subprocess.CompletedProcess[str]:
        """Read the credentials for an image, and store artifacts beside it.

        Args:
            home: the folder with docker's configuration.
            image: as `NAME@DIGEST`, or a name only if there is no artifact.
            artifacts: their content.
        """
        name, _, digest = image.partition("@")
        return subprocess.run(
            ["node", self.script, name, digest, *artifacts],
            env={"HOME": str(home), "PATH": os.environ["PATH"]},
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def attest(self, home: Path, image: str, *artifacts: str) -> dict[str, Any]:
        """Do the same, which must succeed; return the credentials and the digests."""
        done = self.try_to_attest(home, image, *artifacts)
        assert done.returncode == 0, done.stderr
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def credentials(self, home: Path, image: str) -> tuple[str, str]:
        """Return the user and the password that it finds for an image."""
        found = self.attest(home, image)["credentials"]
        return found["username"], found["password"]
