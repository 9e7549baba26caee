"""The thresholds in config/monitoring.toml, validated as a whole."""

import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from ..toml_file import read

Share = Annotated[float, Field(gt=0, lt=1)]
Chance = Annotated[float, Field(gt=0, le=0.5)]
Count = Annotated[int, Field(ge=1)]
GROUP = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}").fullmatch
UNSTATED = "unstated"  # the group of feedback that names none


def _group(name: str) -> str:
    if not GROUP(name):
        raise ValueError(
            "write lower-case letters without accents, digits, - and _, at most 32 of them and a "
            "letter or a digit first, such as grande-sao-paulo"
        )
    return name


Group = Annotated[str, AfterValidator(_group)]


class MonitoringSection(BaseModel):
    """A frozen table of the file that rejects unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class DriftBounds(MonitoringSection):
    """How far a field's distribution may move."""

    psi: float = Field(gt=0, le=10)
    significance: Chance
    minimum_rows: Count


class QualityBounds(MonitoringSection):
    """How much worse than in training the predictions may be."""

    tolerance: float = Field(gt=0, le=10)
    significance: Chance
    minimum_outcomes: Count
    confidence_drop: Share


class FairnessBounds(MonitoringSection):
    """The groups to compare, and how far their metrics may differ."""

    groups: Annotated[tuple[Group, ...], Field(max_length=20)]
    demographic_parity: Share
    equalised_odds: Share
    error_ratio: float = Field(gt=1, le=100)
    minimum_outcomes: Count


class Objectives(MonitoringSection):
    """The service-level objectives."""

    availability: Share
    latency_s: float = Field(gt=0)
    latency_share: Share


class OperatingLimits(MonitoringSection):
    """Thresholds of operation: degraded rows, lost records, age, and odd consumers."""

    degraded_share: Share
    capture_dropped_share: Share
    model_age_days: float = Field(gt=0)
    unusual_share: Share
    unusual_requests: Count
    consumer_rise: float = Field(gt=1)


class MonitoringConfig(MonitoringSection):
    """The whole file."""

    drift: DriftBounds
    quality: QualityBounds
    fairness: FairnessBounds
    objectives: Objectives
    limits: OperatingLimits


def load_config(path: Path) -> MonitoringConfig:
    """Read the configuration.

    Raises:
        ConfigurationError: the file is missing, is not TOML, or does not match the schema; the
            message names every wrong field.
    """
    return read(path, MonitoringConfig)
