"""The service's settings: every field is an environment variable of the same name."""

from typing import Literal

import modelserve
from pydantic import Field


class Settings(modelserve.Settings):
    """The library's settings, and yours.

    A field of your own, with its default and its range:

        maximum_discount: float = Field(default=0.2, ge=0, le=1, description="…")
    """

    locale: Literal["en", "pt-BR"] = Field(
        default="pt-BR", description="Language of the page, report and errors."
    )
