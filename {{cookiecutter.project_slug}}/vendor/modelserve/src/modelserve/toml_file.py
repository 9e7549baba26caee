"""Read a configuration file and validate it."""

import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from .errors import ConfigurationError

Schema = TypeVar("Schema", bound=BaseModel)


def read(path: Path, schema: type[Schema]) -> Schema:
    """Return a file's content, validated by a schema.

    Raises:
        ConfigurationError: the file is missing, is not TOML, or violates the schema; the message
            names every invalid field.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from error
    try:
        return schema.model_validate(content)
    except ValidationError as error:
        wrong = "; ".join(describe(error, content))
        raise ConfigurationError(f"{path}: {wrong}.") from error


def describe(error: ValidationError, content: Any) -> list[str]:
    """Return what is wrong with each key of a file.

    Args:
        error: of its content.
        content: that was validated.
    """
    keys: dict[str, list[str]] = {}
    for each in error.errors(include_url=False):
        key = ".".join(_steps(each["loc"], content))
        keys.setdefault(key, []).append(each["msg"].removeprefix("Value error, "))
    return [
        # A union has a message for each of its types.
        (f"{key}: " if key else "")
        + ", or ".join([first, *(each.removeprefix("Input should be ") for each in others)])
        for key, (first, *others) in keys.items()
    ]


def _steps(location: Sequence[str | int], content: Any) -> Iterator[str]:
    """Yield the keys of an error's location, without the types of a union, which it names too."""
    for step in location:
        if isinstance(content, list) and isinstance(step, int):
            content = content[step]
        elif isinstance(content, dict) and (step in content or "[" not in str(step)):
            content = content.get(step)  # None for a key that is missing, and those in it
        elif content is not None:
            continue
        yield str(step)
