"""Calls of a project's hooks: a hook that is declared in another way is named with its way out."""

import linecache
import traceback
from collections.abc import Callable, Iterable, Mapping
from inspect import iscoroutine, signature
from typing import Any

from .errors import ConfigurationError


def call(hook: Callable[..., Any], place: str, arguments: Mapping[str, object]) -> Any:
    """Return what a hook returns; an error of its own code passes through.

    Args:
        hook: of the project.
        place: its name and its file, such as "`load` in data.py".
        arguments: what it gets, by the names that a message shows.

    Raises:
        ConfigurationError: it takes other arguments, or is a coroutine.
    """
    try:
        signature(hook).bind(*arguments.values())
    except TypeError as error:
        raise ConfigurationError(
            f"{place} must be a function that takes ({', '.join(arguments)}): {error}."
        ) from error
    returned = hook(*arguments.values())
    if iscoroutine(returned):
        returned.close()
        raise ConfigurationError(f"{place} is a coroutine; write `def` instead of `async def`.")
    return returned


def place_of(error: Exception, package: str) -> str:
    """Return the last line of a package that led to an error; empty if there is none."""
    place = ""
    for frame, line in traceback.walk_tb(error.__traceback__):
        module = str(frame.f_globals.get("__name__"))
        if module.startswith(f"{package}."):
            code = linecache.getline(frame.f_code.co_filename, line).strip()
            place = f" in line {line} of {module.removeprefix(f'{package}.')}.py, `{code}`"
    return place


def name_kind(value: object) -> str:
    """Return what a value is, for a message."""
    kind = type(value).__name__
    return "None" if value is None else f"{'an' if kind[0] in 'AEIOUaeio' else 'a'} {kind}"


def list_all(hook: Callable[[], Any], place: str, wanted: str) -> tuple[Any, ...]:
    """Return what a hook of `Service` lists.

    Args:
        hook: takes nothing.
        place: its name and its file, such as "routers() in service.py".
        wanted: what it lists.

    Raises:
        ConfigurationError: it returns no list.
    """
    returned = call(hook, place, {})
    if not isinstance(returned, Iterable):
        raise ConfigurationError(
            f"{place} returned {name_kind(returned)}; return a list of {wanted}."
        )
    return tuple(returned)
