"""The service's settings: every field is an environment variable of the same name."""

import modelserve


class Settings(modelserve.Settings):
    """The library's settings, and yours.

    A field of your own, with its default and its range:

        maximum_discount: float = Field(default=0.2, ge=0, le=1, description="…")
    """
