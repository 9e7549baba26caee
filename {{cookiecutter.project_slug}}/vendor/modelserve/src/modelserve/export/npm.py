"""Packages from npm's registry, by version and checksum."""

import base64
import hashlib
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from ..errors import ExportError

LONGEST = 200  # characters of npm's message
NOISE = ("at ", "errno ", "syscall ")  # lines for npm's own developers
OPTIONS = ("--loglevel=error", "--ignore-scripts", "--prefer-offline")


class NpmPackage(NamedTuple):
    """A package, and those of its files that are needed.

    Args:
        name: as npm has it.
        version: the exact one.
        sha512: of the archive, in Base64, as `npm view NAME dist.integrity` shows it.
        files: names in an export, by the path in the archive.
    """

    name: str
    version: str
    sha512: str
    files: Mapping[str, str]

    @property
    def wanted(self) -> str:
        """Return the package and its version as npm takes them."""
        return f"{self.name}@{self.version}"

    @property
    def archive(self) -> str:
        """Return the name of the file that `npm pack` writes."""
        return f"{self.name.removeprefix('@').replace('/', '-')}-{self.version}.tgz"


def read_files(package: NpmPackage, folder: Path | None = None) -> dict[str, bytes]:
    """Return the package's files by their names in an export.

    Args:
        package: what is needed.
        folder: that holds the archive; None to have npm download it, by its own configuration.

    Raises:
        ExportError: the archive cannot be had, differs from the checksum, or lacks a file.
    """
    if folder is not None:
        return _unpack(package, folder / package.archive)
    with tempfile.TemporaryDirectory() as scratch:
        _download(package, Path(scratch))
        return _unpack(package, Path(scratch, package.archive))


def _download(package: NpmPackage, folder: Path) -> None:
    way_out = (
        f"Where npm has a network, run `npm pack {package.wanted}`, and give the folder of "
        f"{package.archive} here: --runtime FOLDER."
    )
    npm = shutil.which("npm")
    if npm is None:
        raise ExportError(f"npm, which downloads {package.wanted}, is not installed. {way_out}")
    done = subprocess.run(
        [npm, "pack", package.wanted, *OPTIONS],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode or not (folder / package.archive).exists():
        lines = [line.removeprefix("npm error ").strip() for line in done.stderr.splitlines()]
        said = " ".join(each for each in lines if each and not each.startswith(NOISE))[:LONGEST]
        reason = f": {said}" if said else ""
        raise ExportError(f"npm cannot download {package.wanted}{reason}. {way_out}")


def _unpack(package: NpmPackage, archive: Path) -> dict[str, bytes]:
    try:
        with archive.open("rb") as stream:
            actual = hashlib.file_digest(stream, "sha512").digest()
    except OSError as error:
        raise ExportError(
            f"{archive} cannot be read; `npm pack {package.wanted}` writes it."
        ) from error
    if base64.b64encode(actual).decode() != package.sha512:
        raise ExportError(
            f"{archive} is not {package.wanted}: its SHA-512 differs. "
            f"Download it again: npm pack {package.wanted}"
        )
    with tarfile.open(archive, "r:gz") as content:
        return {
            name: member.read()
            for path, name in package.files.items()
            if (member := content.extractfile(path))
        }
