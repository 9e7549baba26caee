"""Integers as JSON and its schemas have them: 59.0 is 59."""

from pydantic import BeforeValidator


def to_integer(value: object) -> object:
    """Return a float without a fraction as an integer, and anything else as it is."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


# After an integer's bounds: before them, they would be missing from the JSON schema.
WHOLE = BeforeValidator(to_integer)
