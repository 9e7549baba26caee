"""The manifest of an artifact: what serving and people need to know about a model."""

import re
from collections.abc import Mapping
from datetime import datetime
from math import isfinite
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, model_validator

Dtype = Literal["number", "integer", "boolean", "category", "text"]

# They are parts of URLs, of folders and of headers.
PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*").fullmatch
PLAIN_VERSION = re.compile(r"[^\s/\\]+").fullmatch

MAX_SHOWN = 100  # characters of a name in an error
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

    def contradictions(self) -> list[str]:
        """Return what in the feature contradicts itself, a phrase each."""
        numeric = self.dtype in ("number", "integer", "text")
        faults = {
            "has no example": self.example is None,
            "has no range": numeric and None in (self.minimum, self.maximum),
            "has a minimum above its maximum": _crossed(self),
            "has the same category twice": len(set(self.categories)) < len(self.categories),
        }
        return [fault for fault, wrong in faults.items() if wrong]


class Dialect(Record):
    """How files of rows are written: `train` reads them so, and so does what reads more of them.

    Without a format, a file's suffix decides. Separator, decimal, thousands and encoding are of CSV
    files; `missing` are the texts that stand for a missing value.
    """

    format: Literal["csv", "jsonl", "parquet"] | None = None
    separator: str = ","
    decimal: str = "."
    thousands: str | None = None
    encoding: str = "utf-8"
    missing: tuple[str, ...] = ("",)


class Data(Record):
    """The data that the model was trained, calibrated and evaluated on.

    `index` is the column that identifies a row, `dropped` are columns that the model does not see.
    """

    source: str
    sha256: str
    training_rows: int
    calibration_rows: int = 0
    test_rows: int
    dialect: Dialect = Dialect()
    index: str | None = None
    dropped: tuple[str, ...] = ()


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


class Origin(Record):
    """What else the model was trained by, to train it again.

    `config` is the configuration's path in the project, `dirty` whether the project's inputs
    differed from the commit; None where that is unknown.
    """

    python: str
    platform: str
    config: str | None = None
    config_sha256: str | None = None
    dirty: bool | None = None


class Considerations(Record):
    """The texts of the model card."""

    intended_use: str
    limitations: str


class Manifest(Record):
    """A model's name, schema, metrics and provenance, to serve it and to reproduce it.

    `threshold` is the probability from which on the `positive` label is the answer; without one,
    the most probable label is. `intervals` are the 95 % confidence intervals of metrics, and
    `lower_is_better` names those of the project's own metrics. `parity` is the largest difference
    between the outputs of the model and of its graph, relative to `parity_scale` where there is
    one.
    """

    format: Literal[2] = 2
    name: str
    version: str
    description: str
    considerations: Considerations | None = None
    task: Literal["classifier", "regressor"]
    created: datetime
    git_commit: str | None
    seed: int
    origin: Origin | None = None
    data: Data
    lock_sha256: str | None
    libraries: dict[str, str]
    features: tuple[Feature, ...]
    labels: tuple[str, ...]
    positive: str | None = None
    threshold: float | None = None
    fallback: tuple[float, ...]
    output_bounds: OutputBounds = OutputBounds()
    provenance: dict[str, str] = {}
    metrics: dict[str, float]
    intervals: dict[str, tuple[float, float]] = {}
    lower_is_better: tuple[str, ...] = ()
    parity: float | None
    parity_scale: float | None = None
    size_bytes: int
    files: dict[str, str]

    @property
    def modality(self) -> Literal["table", "text"]:
        """Return what a row is: the columns of a table, or one text."""
        return "text" if self.features[0].dtype == "text" else "table"

    def missing_texts(self, feature: Feature) -> frozenset[str]:
        """Return the texts that stand for a missing value in a field, and for no category of it."""
        named = () if feature.dtype == "text" else self.data.dialect.missing
        return frozenset({"", *(each for each in named if each not in feature.categories)})

    def contradictions(self) -> list[str]:
        """Return what in the manifest contradicts itself, a phrase each."""
        names = [each.name for each in self.features]
        n_labels, n_outputs = len(self.labels), len(self.labels) or 1
        faults = {
            "the model's name is not a plain name": not PLAIN_NAME(self.name),
            "the model's version is not a plain one": not PLAIN_VERSION(self.version),
            "there are no features": not names,
            "two features have the same name": len(set(names)) < len(names),
            "a text is not the only feature": len(names) > 1
            and any(each.dtype == "text" for each in self.features),
            f"a {self.task} with {n_labels} labels": (self.task == "classifier") != bool(n_labels),
            "two labels are the same": len(set(self.labels)) < n_labels,
            "the positive label is not one of two": self.positive is not None
            and (n_labels != 2 or self.positive not in self.labels),
            "a threshold without a positive label": self.threshold is not None
            and self.positive is None,
            f"the fallback has {len(self.fallback)} values for {n_outputs} outputs": (
                len(self.fallback) != n_outputs
            ),
            "the fallback is not finite": not all(map(isfinite, self.fallback)),
            "the outputs' minimum exceeds their maximum": _crossed(self.output_bounds),
        }
        of_features = [
            f"{name[:MAX_SHOWN]!r} {fault}"
            for name, feature in zip(names, self.features, strict=True)
            for fault in feature.contradictions()
        ]
        return [fault for fault, wrong in faults.items() if wrong] + of_features

    @model_validator(mode="before")
    @classmethod
    def _upgrade(cls, content: Any) -> Any:
        """Read a manifest of format 1, which used other names."""
        return (
            upgrade(content)
            if isinstance(content, dict) and content.get("format") == 1
            else content
        )


def _crossed(bounds: Feature | OutputBounds) -> bool:
    low, high = bounds.minimum, bounds.maximum
    return low is not None and high is not None and low > high


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
