"""The manifest of an artifact: what serving and people need to know about a model."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, model_validator

Dtype = Literal["number", "integer", "boolean", "category", "text"]

MAX_LISTED = 20  # categories that `Feature.seen` lists by name


class Record(BaseModel):
    """A frozen part of the manifest that rejects unknown fields."""

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
        """Describe the values that training saw in this field."""
        if self.dtype == "category":
            known = ", ".join(self.categories[:MAX_LISTED])
            more = len(self.categories) - MAX_LISTED
            values = known if more <= 0 else f"{known} and {more} more"
        elif self.dtype == "boolean":
            values = "true or false"
        else:
            unit = " characters" if self.dtype == "text" else ""
            values = f"{self.minimum:g} to {self.maximum:g}{unit}"
        return f"{values}, or missing" if self.nullable else values


class Data(Record):
    """The data that the model was trained, calibrated and evaluated on."""

    source: str
    sha256: str
    training_rows: int
    calibration_rows: int = 0
    test_rows: int


class Interval(Record):
    """The interval around an answer that holds the true value in a share `coverage` of cases.

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
    """A model's name, schema, metrics and provenance, to serve it and to reproduce it."""

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
    def _upgrade(cls, content: Any) -> Any:
        """Read a manifest of format 1, which used other names."""
        return (
            upgrade(content)
            if isinstance(content, dict) and content.get("format") == 1
            else content
        )


def upgrade(old: Mapping[str, Any]) -> dict[str, Any]:
    """Return a manifest of format 1 under the names of format 2."""
    renamed = {"prior": "fallback", "guarantees": "output_bounds"}
    content = {renamed.get(name, name): value for name, value in old.items()} | {"format": 2}
    names = {"kind": "dtype", "gaps": "nullable"}
    content["features"] = [
        {names.get(name, name): value for name, value in feature.items()}
        for feature in old.get("features", ())
    ]
    bounds = dict(content.get("output_bounds") or {})
    if interval := bounds.get("interval"):
        bounds["interval"] = {
            "fallback_half_width" if name == "prior_half_width" else name: value
            for name, value in interval.items()
        }
    return content | {"output_bounds": bounds}
