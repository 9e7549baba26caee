"""Archives as `npm pack` writes them."""

import base64
import hashlib
import io
import tarfile
from pathlib import Path

from modelserve.export.npm import NpmPackage

SCRIPT = b"export const one = 1;"


def write_archive(folder: Path, name: str = "@scope/thing") -> NpmPackage:
    """Write an archive with a script to a folder, and return its package."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as content:
        member = tarfile.TarInfo("package/dist/one.mjs")
        member.size = len(SCRIPT)
        content.addfile(member, io.BytesIO(SCRIPT))
    checksum = base64.b64encode(hashlib.sha512(stream.getvalue()).digest()).decode()
    package = NpmPackage(name, "1.2.3", checksum, {"package/dist/one.mjs": "one.js"})
    folder.mkdir(parents=True, exist_ok=True)
    (folder / package.archive).write_bytes(stream.getvalue())
    return package
