"""When someone is told: config/monitoring.toml, checked before anything is done."""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from ..toml_file import read

Share = Annotated[float, Field(gt=0, lt=1)]
Chance = Annotated[float, Field(gt=0, le=0.5)]
Count = Annotated[int, Field(ge=1)]
Group = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]

UNSTATED = "unstated"  # the group of feedback that names none


class Section(BaseModel):
    """A frozen table of the file that refuses what it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Drift(Section):
    """How far a field's distribution may move."""

    psi: float = Field(gt=0, le=10)
    significance: Chance
    minimum_rows: Count


class Quality(Section):
    """How far behind training's figures the answers may fall."""

    tolerance: float = Field(gt=0, le=10)
    significance: Chance
    minimum_outcomes: Count
    confidence_drop: Share


class Fairness(Section):
    """Which groups are compared, and how unlike they may be served."""

    groups: Annotated[tuple[Group, ...], Field(max_length=20)]
    demographic_parity: Share
    equalised_odds: Share
    error_ratio: float = Field(gt=1, le=100)
    minimum_outcomes: Count


class Objectives(Section):
    """What the service promises."""

    availability: Share
    latency_s: float = Field(gt=0)
    latency_share: Share


class Limits(Section):
    """Where the patience with smaller things ends."""

    degraded_share: Share
    capture_dropped_share: Share
    model_age_days: float = Field(gt=0)
    unusual_share: Share
    unusual_requests: Count
    consumer_rise: float = Field(gt=1)


class Config(Section):
    """The whole file."""

    drift: Drift
    quality: Quality
    fairness: Fairness
    objectives: Objectives
    limits: Limits


def load_config(path: Path) -> Config:
    """Read the configuration.

    Raises:
        ConfigurationError: the file is missing, is no TOML, or disagrees with the schema; the
            message names every field that is wrong.
    """
    return read(path, Config)
