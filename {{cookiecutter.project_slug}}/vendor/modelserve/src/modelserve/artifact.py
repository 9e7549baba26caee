"""The one thing training hands to serving: a folder with a model and its manifest."""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from .errors import ArtifactError

MANIFEST = "manifest.json"
MODEL = "model.onnx"
REFERENCE = "reference.json"
GOLDEN = "golden.json"
CARD = "MODEL_CARD.md"

Dtype = Literal["number", "integer", "boolean", "category", "text"]

MANY = 20  # categories that are still named one by one

Content = bytes | Path  # a file of an artifact: what it holds, or where it lies


class Record(BaseModel):
    """A frozen piece of the manifest that refuses what it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


class Feature(Record):
    """One field of an input row, as training saw it.

    `minimum` and `maximum` are the range of a number, or of a text's length in characters;
    `categories` are a category's values; `nullable` allows the field to be missing.
    """

    name: str
    dtype: Dtype
    minimum: float | None = None
    maximum: float | None = None
    categories: tuple[str, ...] = ()
    nullable: bool = False
    example: float | str | None = None

    @property
    def seen(self) -> str:
        """Return in words what training saw in this field."""
        if self.dtype == "category":
            known = ", ".join(self.categories[:MANY])
            more = len(self.categories) - MANY
            values = known if more <= 0 else f"{known} and {more} more"
        elif self.dtype == "boolean":
            values = "true or false"
        else:
            unit = " characters" if self.dtype == "text" else ""
            values = f"{self.minimum:g} to {self.maximum:g}{unit}"
        return f"{values}, or missing" if self.nullable else values


class Data(Record):
    """What the model was trained on, calibrated with and judged by."""

    source: str
    sha256: str
    training_rows: int
    calibration_rows: int = 0
    test_rows: int


class Interval(Record):
    """How far the truth lies from an answer in `coverage` of all cases, at most.

    `half_width` holds for the model's answers, `fallback_half_width` for the fallback.
    """

    coverage: float
    half_width: float
    fallback_half_width: float


class OutputBounds(Record):
    """The bounds of every answer, None for an open one, and the interval around it."""

    minimum: float | None = None
    maximum: float | None = None
    interval: Interval | None = None


class Manifest(Record):
    """All that serving needs to know of a model, and all that a person needs to make it again."""

    format: Literal[2] = 2
    name: str
    version: str
    description: str
    task: Literal["classifier", "regressor"]
    created: datetime
    git_commit: str | None
    seed: int
    data: Data
    lock_sha256: str | None
    libraries: dict[str, str]
    features: tuple[Feature, ...]
    labels: tuple[str, ...]
    fallback: tuple[float, ...]
    output_bounds: OutputBounds = OutputBounds()
    provenance: dict[str, str] = {}
    metrics: dict[str, float]
    parity: float | None
    size_bytes: int
    files: dict[str, str]

    @property
    def modality(self) -> Literal["table", "text"]:
        """Return what a row is: the columns of a table, or one text."""
        return "text" if self.features[0].dtype == "text" else "table"

    @model_validator(mode="before")
    @classmethod
    def _upgrade(cls, given: Any) -> Any:
        """Read a manifest of format 1, which named some of its fields otherwise."""
        return upgrade(given) if isinstance(given, dict) and given.get("format") == 1 else given


def upgrade(old: Mapping[str, Any]) -> dict[str, Any]:
    """Return a manifest of format 1 under the names of format 2."""
    renamed = {"prior": "fallback", "guarantees": "output_bounds"}
    found = {renamed.get(name, name): value for name, value in old.items()} | {"format": 2}
    names = {"kind": "dtype", "gaps": "nullable"}
    found["features"] = [
        {names.get(name, name): value for name, value in each.items()}
        for each in old.get("features", ())
    ]
    bounds = dict(found.get("output_bounds") or {})
    if interval := bounds.get("interval"):
        bounds["interval"] = {
            "fallback_half_width" if name == "prior_half_width" else name: value
            for name, value in interval.items()
        }
    return found | {"output_bounds": bounds}


@dataclass(frozen=True)
class Artifact:
    """A model's folder whose every file is what the manifest says."""

    folder: Path
    manifest: Manifest

    @property
    def model(self) -> Path:
        """Where the ONNX graph lies."""
        return self.folder / MODEL

    @property
    def paths(self) -> dict[str, Content]:
        """Where each file of the manifest lies, by its name."""
        return {name: self.folder / name for name in self.manifest.files}

    def read_json(self, name: str) -> Any:
        """Return the content of `reference.json` or `golden.json`."""
        return json.loads((self.folder / name).read_text(encoding="utf-8"))


def sha256(content: Content) -> str:
    """Return the SHA-256 of a file's content in hexadecimal."""
    if isinstance(content, bytes):
        return hashlib.sha256(content).hexdigest()
    with content.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def size_bytes(files: Mapping[str, Content]) -> int:
    """Return how large some files are together."""
    return sum(
        len(each) if isinstance(each, bytes) else each.stat().st_size for each in files.values()
    )


def to_text(content: object) -> bytes:
    """Return `content` as JSON that is the same bytes for the same content."""
    return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()


def load(folder: Path) -> Artifact:
    """Open an artifact and verify it.

    Raises:
        ArtifactError: the folder, its manifest or a file is missing, or a file is not the one
            that the manifest lists; the message names every such file.
    """
    try:
        manifest = Manifest.model_validate_json((folder / MANIFEST).read_bytes())
    except FileNotFoundError as error:
        raise ArtifactError(
            f"There is no model in {folder}: {MANIFEST} is missing. Run `train` first, "
            "or set MODEL_DIR to an artifact's folder."
        ) from error
    except (OSError, ValidationError, UnicodeDecodeError) as error:
        raise ArtifactError(f"{folder / MANIFEST} cannot be read: {error}") from error
    wrong = [
        f"{name}: {trouble}"
        for name, expected in manifest.files.items()
        if (trouble := _compare(folder / name, expected))
    ]
    if MODEL not in manifest.files:
        wrong.append(f"{MODEL}: the manifest does not list it")
    if wrong:
        raise ArtifactError(
            f"The artifact in {folder} is not what its manifest says: {'; '.join(wrong)}. "
            "Copy it anew, or train again."
        )
    return Artifact(folder, manifest)


def save(folder: Path, manifest: Manifest, files: Mapping[str, Content]) -> Artifact:
    """Write an artifact in one step: it stands complete, or what stood there before remains.

    Args:
        folder: where it is to lie; an artifact that lies there is replaced, anything else kept.
        manifest: without hashes; they are filled in here.
        files: contents by name, `model.onnx` among them.

    Raises:
        ArtifactError: the folder holds something that is no artifact, or cannot be written.
    """
    check_place(folder)
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
    """Make sure that nothing but an artifact would be replaced.

    Raises:
        ArtifactError: there is something that is no artifact.
    """
    free = not folder.exists() or (folder.is_dir() and not any(folder.iterdir()))
    if not (free or (folder / MANIFEST).exists()):
        raise ArtifactError(f"{folder} is not empty and holds no artifact; choose another folder.")


def replace(fresh: Path, folder: Path, *, aside: Path) -> None:
    """Put `fresh` where `folder` stands and what stood there to `aside`, or leave all as it is."""
    stood = folder.exists()
    if stood:
        if aside.exists():
            shutil.rmtree(aside)
        folder.replace(aside)
    try:
        fresh.replace(folder)
    except OSError:
        if stood:
            aside.replace(folder)
        raise


def _compare(path: Path, expected: str) -> str:
    try:
        found = sha256(path)
    except OSError:
        return "missing"
    return "" if found == expected else "its SHA-256 differs"
