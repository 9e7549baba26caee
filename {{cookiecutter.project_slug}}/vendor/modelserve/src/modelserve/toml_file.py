"""Read a configuration file and validate it."""

import re
import tomllib
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from .errors import ConfigurationError

Schema = TypeVar("Schema", bound=BaseModel)

MAX_SHOWN = 80  # characters of a line
MOST_KEYS = 20  # that are named
LINE = re.compile(r"\(at line (\d+), column \d+\)").search
BARE_WORD = re.compile(r"\s*[\w\"'.-]+\s*=\s*([^\W\d][\w ./-]*?)\s*(#.*)?").fullmatch


def read(path: Path, schema: type[Schema]) -> Schema:
    """Return a file's content, validated by a schema.

    Raises:
        ConfigurationError: the file is missing, is not TOML, or violates the schema; the message
            names every invalid field.
    """
    text = ""
    try:
        text = path.read_text(encoding="utf-8")
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path} cannot be read: {_explain(error, text)}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from error
    try:
        return schema.model_validate(content)
    except ValidationError as error:
        wrong = "; ".join(describe(error, content, schema))
        raise ConfigurationError(f"{path}: {wrong}.") from error


def _explain(error: tomllib.TOMLDecodeError, text: str) -> str:
    """Return what is wrong with a text that is not TOML, with its line."""
    if text.startswith("\ufeff"):
        return "it begins with a byte-order mark; save it as UTF-8 without one"
    if not (place := LINE(str(error))):
        return str(error)
    line = text.split("\n")[int(place[1]) - 1].strip()
    way_out = ""
    if word := BARE_WORD(line):
        is_boolean = word[1].lower() in ("true", "false")
        way_out = f"; write {word[1].lower()}" if is_boolean else "; write the value in quotes"
    return f"{error}: {line[:MAX_SHOWN]}{way_out}"


def describe(
    error: ValidationError, content: Any, schema: type[BaseModel] | None = None
) -> list[str]:
    """Return what is wrong with each key of a file.

    Args:
        error: of its content.
        content: that was validated.
        schema: has the keys, of which the nearest is named for one that is unknown.
    """
    keys: dict[str, list[str]] = {}
    for each in error.errors(include_url=False):
        key = ".".join(_steps(each["loc"], content))
        problem = each["msg"].removeprefix("Value error, ")
        if each["type"] == "extra_forbidden" and schema:
            problem += _guess(each["loc"], schema)
        keys.setdefault(key, []).append(problem)
    return [
        # A union has a message for each of its types.
        (f"{key}: " if key else "")
        + ", or ".join([first, *(each.removeprefix("Input should be ") for each in others)])
        for key, (first, *others) in keys.items()
    ]


def _guess(location: Sequence[str | int], schema: type[BaseModel]) -> str:
    """Return the known key that is nearest to an unknown one, or else all known keys."""
    *path, name = map(str, location)
    models = [schema]
    for step in path:
        fields = [model.model_fields[step] for model in models if step in model.model_fields]
        # The location has steps besides keys: places in a list, and types of a union.
        models = [each for field in fields for each in _models_in(field.annotation)] or models
    known = [*dict.fromkeys(key for model in models for key in model.model_fields)]
    if near := get_close_matches(name, known, n=1):
        return f" (did you mean `{near[0]}`?)"
    return f" (the keys here: {', '.join(known)})" if len(known) <= MOST_KEYS else ""


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield the models in a type, such as that in a union or in a dictionary's values."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)


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
