"""Reads environment variables: an empty one counts as unset, everywhere."""

import os
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any, get_args

from pydantic.fields import FieldInfo

LONGEST = 100  # characters of a value that a message shows
LISTS = ("list_type", "tuple_type", "set_type", "frozen_set_type")  # errors of pydantic
# prometheus_client reads it while it is imported, and takes an empty one for the working directory.
SHARED_METRICS = "PROMETHEUS_MULTIPROC_DIR"
# Whether the tokenizer spreads the texts of one call over threads of its own.
TOKENIZER_THREADS = "TOKENIZERS_PARALLELISM"
# What MODEL_URI was before a command found its folder: the service looks an alias up again.
RESOLVED_URI = "MODELSERVE_RESOLVED_URI"

# Vertex AI's names of some variables, which count less than the service's own.
OTHER_NAMES = {
    "port": "AIP_HTTP_PORT",
    "predict_route": "AIP_PREDICT_ROUTE",
    "health_route": "AIP_HEALTH_ROUTE",
}


def read(name: str) -> str:
    """Return a variable without the whitespace around it; "" if it is not set.

    A file of variables with Windows' line ends adds a carriage return to each.
    """
    return os.environ.get(name, "").strip()


def drop_if_empty(name: str) -> None:
    """Unset an empty variable, for libraries that take it for a value."""
    if not read(name):
        os.environ.pop(name, None)


def set_default(name: str, value: str) -> None:
    """Set a variable that is not set, for libraries that read it."""
    if not read(name):
        os.environ[name] = value


def variable(field: str) -> str:
    """Return the name of the variable that sets a field; its own if none does."""
    own, other = field.upper(), OTHER_NAMES.get(field, "")
    return other if not read(own) and read(other) else own


def read_fields(fields: Mapping[str, FieldInfo], closed: Iterable[str] = ()) -> dict[str, str]:
    """Return the values of a model's fields that are set.

    A choice is taken in upper and in lower case.

    Args:
        fields: of a pydantic model; each is read from its name in capitals.
        closed: fields that stay set when they are empty.
    """
    values = {}
    for field, info in fields.items():
        value = read(variable(field))
        if value or (field in closed and field.upper() in os.environ):
            values[field] = _choice(info.annotation, value)
    return values


def describe(error: Mapping[str, Any], fields: Mapping[str, FieldInfo]) -> str:
    """Return what is wrong with a variable, by one of pydantic's errors."""
    field = str(error["loc"][0]) if error["loc"] else ""
    name = variable(field)
    problem = str(error["msg"]).removeprefix("Value error, ")
    if not name:
        return problem
    if error["type"] in LISTS:
        problem += (
            "; for words with commas between, let its type be `modelserve.setting_types.Words`"
        )
    if error["type"] == "missing":
        return f"{name}: {problem}"
    secret = field in fields and "Secret" in str(fields[field].annotation)
    text = repr(error["input"])
    shown = "(secret)" if secret else text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
    return f"{name}={shown}: {problem}"


def _choice(annotation: Any, value: str) -> str:
    """Return the choice that a value spells in whatever case, or the value itself."""
    choices = {choice.casefold(): choice for choice in _choices(annotation)}
    return choices.get(value.casefold(), value)


def _choices(annotation: Any) -> Iterable[str]:
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        annotation = tuple(member.value for member in annotation)
    inner = annotation if isinstance(annotation, tuple) else get_args(annotation)
    for each in inner:
        yield from [each] if isinstance(each, str) else _choices(each)
