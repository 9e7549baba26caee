"""The labelled rows on which a candidate and the served model are compared."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from .. import artifact
from ..answers import label_of
from ..artifact import Artifact
from ..errors import FieldError, InvalidInputError
from ..manifest import Manifest
from ..project import Project
from ..training.config import Config
from ..training.dataset import Dataset
from ..training.packing import hash_files
from ..training.splits import load_splits

FEWEST = 10  # rows that say anything
ROLES = ("the served model", "the candidate")
WAY_OUT = (
    "A promotion compares both models on labelled rows: name a file of them by --holdout, or state "
    "by --tolerance inf that this one is decided without a comparison."
)


@dataclass(frozen=True)
class ComparedRows:
    """Rows with their targets, where they are from, and what may make them unfair.

    `sha256` is that of the file, or of the rows of a split as CSV.
    """

    dataset: Dataset
    source: str
    sha256: str
    notes: tuple[str, ...] = ()


def load_rows(
    project: Project, config: Config, holdout: Path | None, models: tuple[Artifact, Artifact]
) -> ComparedRows:
    """Return the rows of a hold-out, or the test rows of the configured split.

    Args:
        project: reads the data.
        config: says how they are read, and how they are split.
        holdout: a labelled file; None for the split.
        models: the served one and the candidate.

    Raises:
        InvalidInputError: the rows cannot be read, or say nothing.
        TrainingError: the data cannot be split.
    """
    with _explained():
        rows = (
            _holdout(project, config, holdout, models)
            if holdout
            else _test_rows(project, config, models)
        )
        for each in models:
            check_rows(rows.dataset.select(each), config)
    return rows


def _holdout(
    project: Project, config: Config, path: Path, models: tuple[Artifact, Artifact]
) -> ComparedRows:
    section = config.data.other_files(path, models[1].manifest.features)
    section = section.model_copy(update={"test_path": None})
    dataset = project.load(section)
    digest = hash_files(section) or _hash_rows(dataset)
    notes = [
        f"{role} was trained on this very file"
        for role, each in zip(ROLES, models, strict=True)
        if each.manifest.data.sha256 == digest
    ]
    return ComparedRows(dataset, str(path.name), digest, tuple(notes))


def _test_rows(project: Project, config: Config, models: tuple[Artifact, Artifact]) -> ComparedRows:
    splits = load_splits(project, config)
    digest = hash_files(config.data)
    notes = [
        f"{role} has another split: {how}, so it may have been trained on some of these rows"
        for role, each in zip(ROLES, models, strict=True)
        if (how := _other_split(each.manifest, config, digest, len(splits.test)))
    ]
    source = f"the test rows of config/training.toml ({config.data.source})"
    return ComparedRows(splits.test, source, _hash_rows(splits.test), tuple(notes))


def _other_split(manifest: Manifest, config: Config, digest: str | None, rows: int) -> str:
    """Return how the split of a model differs from the configured one; nothing if it does not."""
    differences = {
        "its data have another SHA-256": digest is not None and manifest.data.sha256 != digest,
        f"its seed is {manifest.seed}": manifest.seed != config.seed,
        f"it has {manifest.data.test_rows} test rows, not {rows}": manifest.data.test_rows != rows,
    }
    return " and ".join(text for text, differs in differences.items() if differs)


def check_rows(dataset: Dataset, config: Config) -> None:
    """Check that rows can say which of two models is better.

    Raises:
        InvalidInputError: there are too few, or only one label, or values that are no numbers.
    """
    target = dataset.target
    if len(dataset) < FEWEST:
        count = f"{len(dataset)} row{'' if len(dataset) == 1 else 's'}"
        raise InvalidInputError([FieldError("", f"{count}, and {FEWEST} are needed")])
    if config.task == "regressor":
        values = pd.to_numeric(target, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
        if wrong := int((~np.isfinite(values)).sum()):
            detail = f"holds no finite number in {wrong} of {len(values)} rows"
            raise InvalidInputError([FieldError(str(target.name), detail)])
    elif len(labels := {label_of(each) for each in target.tolist()}) == 1:
        detail = f"all rows have the label {labels.pop()[:40]!r}; a comparison needs two"
        raise InvalidInputError([FieldError(str(target.name), detail)])


@contextmanager
def _explained() -> Iterator[None]:
    """Add the way out to what is wrong with the rows."""
    try:
        yield
    except InvalidInputError as error:
        raise InvalidInputError([*error.errors, FieldError("", WAY_OUT)]) from error


def _hash_rows(dataset: Dataset) -> str:
    """Return the SHA-256 of rows and targets as CSV."""
    return artifact.sha256(dataset.rows.assign(_=dataset.target).to_csv(index=False).encode())
