"""One training run as the history keeps it: where it came from, and what came out."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, JsonValue

Status = Literal["finished", "refused", "failed", "interrupted"]


class StoredRecord(BaseModel):
    """A frozen part of a line, which may bear fields of a later version of the library."""

    model_config = ConfigDict(frozen=True, extra="ignore", protected_namespaces=())


class RunData(StoredRecord):
    """The data of a run; hash and rows are None where it ended before the model was evaluated."""

    source: str
    sha256: str | None = None
    training_rows: int | None = None
    calibration_rows: int | None = None
    test_rows: int | None = None


class GateRecord(StoredRecord):
    """A metric and its bound; the value is None where it cannot be computed."""

    metric: str
    value: float | None
    bound: str
    passed: bool
    reason: str = ""


class RunRecord(StoredRecord):
    """A training run.

    `reasons` say why it left no artifact. `parameters` are the keys of `[model]` and `[split]` as
    they were used, and `search` is what a search found. `artifact` is the folder's name, beside the
    history. `dirty` is whether files differed from the commit.
    """

    format: Literal[1] = 1
    id: str
    command: str
    status: Status
    started: datetime
    duration_s: float
    name: str
    version: str | None = None
    reasons: tuple[str, ...] = ()
    git_commit: str | None = None
    dirty: bool | None = None
    seed: int
    parameters: dict[str, JsonValue] = {}
    search: dict[str, str] = {}
    data: RunData
    metrics: dict[str, float] = {}
    intervals: dict[str, tuple[float, float]] = {}
    lower_is_better: tuple[str, ...] = ()
    gate: tuple[GateRecord, ...] = ()
    artifact: str | None = None
    manifest_sha256: str | None = None
    libraries: dict[str, str] = {}
    lock_sha256: str | None = None
