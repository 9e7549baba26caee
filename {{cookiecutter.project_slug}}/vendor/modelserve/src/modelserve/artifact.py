"""The artifact that training passes to serving: a folder with a model and its manifest."""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from . import signature
from .errors import ArtifactError
from .manifest import Manifest

MANIFEST = "manifest.json"
MODEL = "model.onnx"
REFERENCE = "reference.json"
GOLDEN = "golden.json"
BACKGROUND = "background.json"
CARD = "MODEL_CARD.md"

MOST, LONGEST = 10, 200  # faults in one message, and characters of a name in it

Content = bytes | Path  # a file of an artifact: its content, or its path


@dataclass(frozen=True)
class Artifact:
    """A model's folder, verified against its manifest."""

    folder: Path
    manifest: Manifest

    @property
    def model(self) -> Path:
        """Return the path of the ONNX graph."""
        return self.folder / MODEL

    @property
    def paths(self) -> dict[str, Content]:
        """Return the path of each file in the manifest, by its name."""
        return {name: self.folder / name for name in self.manifest.files}

    def read_json(self, name: str) -> Any:
        """Return the content of `reference.json`, `golden.json` or `background.json`.

        Raises:
            ArtifactError: the file is missing, or not JSON.
        """
        path = self.folder / name
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ArtifactError(f"{path} cannot be read: {error}") from error


def sha256(content: Content) -> str:
    """Return the SHA-256 of a file's content in hexadecimal."""
    if isinstance(content, bytes):
        return hashlib.sha256(content).hexdigest()
    with content.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def size_bytes(files: Mapping[str, Content]) -> int:
    """Return the total size of some files."""
    return sum(
        len(each) if isinstance(each, bytes) else each.stat().st_size for each in files.values()
    )


def to_text(content: object) -> bytes:
    """Return content as JSON: the same bytes for the same content."""
    return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()


def load(folder: Path, *, public_key: Path | None = None, setting: str = "") -> Artifact:
    """Open an artifact and verify it.

    Args:
        folder: the artifact's.
        public_key: a PEM file with the keys one of which must have signed it; None to take an
            unsigned one too.
        setting: what names the folder, for the message.

    Raises:
        ArtifactError: the folder, its manifest or a file is missing, a file differs from the
            manifest's hash or lies elsewhere, or the manifest contradicts itself; the message names
            every such fault; or it is not signed by the key.
        ConfigurationError: the key cannot be read.
    """
    by = f" by {setting}" if setting else ""
    try:
        content = (folder / MANIFEST).read_bytes()
        manifest = Manifest.model_validate_json(content)
    except NotADirectoryError as error:
        raise ArtifactError(f"{folder} is a file: name an artifact's folder{by}.") from error
    except FileNotFoundError as error:
        raise ArtifactError(
            f"There is no model in {folder}: {MANIFEST} is missing. Run `train` first, "
            f"or name an artifact's folder{by}."
        ) from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = repr(".".join(map(str, first["loc"])))[1:-1][:LONGEST] or "its content"
        raise ArtifactError(
            f"{folder / MANIFEST} cannot be read: {place}: "
            f"{first['msg'].removeprefix('Value error, ')[:LONGEST]}"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ArtifactError(f"{folder / MANIFEST} cannot be read: {error}") from error
    check_manifest(manifest, folder)
    wrong = [
        f"{repr(name)[1:-1][:LONGEST]}: {problem}"
        for name, expected in manifest.files.items()
        if (problem := _compare(folder, name, expected))
    ]
    if MODEL not in manifest.files:
        wrong.append(f"{MODEL}: the manifest does not list it")
    if wrong:
        raise ArtifactError(
            f"The artifact in {folder} does not match its manifest: {'; '.join(wrong[:MOST])}. "
            "Copy it again, or train again."
        )
    if public_key is not None:
        signature.verify(folder, {**manifest.files, MANIFEST: sha256(content)}, public_key)
    return Artifact(folder, manifest)


def check_manifest(manifest: Manifest, folder: Path) -> None:
    """Check that a manifest does not contradict itself.

    Args:
        manifest: of an artifact.
        folder: the artifact's, for the message.

    Raises:
        ArtifactError: it does; the message names every contradiction.
    """
    if contradictions := manifest.contradictions():
        raise ArtifactError(
            f"{folder / MANIFEST} contradicts itself: {'; '.join(contradictions[:MOST])}. "
            "Copy it again, or train again."
        )


def save(folder: Path, manifest: Manifest, files: Mapping[str, Content]) -> Artifact:
    """Write an artifact atomically: it is complete, or the previous one stays.

    Args:
        folder: the artifact's; an artifact in it is replaced, anything else is not.
        manifest: without the files' hashes and size, which are computed here.
        files: contents by name; `model.onnx` is one of them.

    Raises:
        ArtifactError: the folder holds something that is no artifact, or cannot be written, or the
            manifest contradicts itself.
    """
    check_place(folder)
    check_manifest(manifest, folder)
    try:
        hashes = {name: sha256(content) for name, content in sorted(files.items())}
        complete = manifest.model_copy(update={"files": hashes, "size_bytes": size_bytes(files)})
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as scratch:
            fresh = Path(scratch, "new")
            fresh.mkdir()
            for name, content in files.items():
                if isinstance(content, bytes):
                    (fresh / name).write_bytes(content)
                else:
                    shutil.copyfile(content, fresh / name)
            (fresh / MANIFEST).write_bytes(to_text(complete.model_dump(mode="json")))
            replace(fresh, folder, aside=Path(scratch, "old"))
    except OSError as error:
        raise ArtifactError(f"The artifact cannot be written to {folder}: {error}") from error
    return Artifact(folder, complete)


def check_place(folder: Path) -> None:
    """Check that a folder is free, or holds an artifact that may be replaced.

    Raises:
        ArtifactError: the folder holds something else.
    """
    free = not folder.exists() or (folder.is_dir() and not any(folder.iterdir()))
    if not (free or (folder / MANIFEST).exists()):
        raise ArtifactError(f"{folder} is not empty and holds no artifact; choose another folder.")


def replace(fresh: Path, folder: Path, *, aside: Path) -> None:
    """Move `folder` to `aside` and `fresh` to `folder`, or change nothing."""
    exists = folder.exists()
    if exists:
        if aside.exists():
            shutil.rmtree(aside)
        folder.replace(aside)
    try:
        fresh.replace(folder)
    except OSError:
        if exists:
            aside.replace(folder)
        raise


def _compare(folder: Path, name: str, expected: str) -> str:
    """Return what is wrong with a file of the manifest, nothing if it is as it should be."""
    if name in ("", ".", "..") or any(mark in name for mark in "/\\\0"):
        return "not the name of a file in the folder"
    path = folder / name
    try:
        if not path.resolve().is_relative_to(folder.resolve()):
            return "a link to a file outside of the folder"
        actual = sha256(path)
    except (OSError, RuntimeError):  # of links in a circle
        return "missing"
    return "" if actual == expected else "its SHA-256 differs"
