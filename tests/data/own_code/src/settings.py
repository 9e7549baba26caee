"""The service's settings: every field is an environment variable of the same name."""

import modelserve
from pydantic import Field


class Settings(modelserve.Settings):
    """The library's settings, and yours."""

    unsure_below: float = Field(
        default=0.9, ge=0, le=1, description="An answer of less probability is unsure."
    )
