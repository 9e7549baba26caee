"""Calls of a project's hooks: a hook that is declared in another way is named with its way out."""

import linecache
import traceback
from collections.abc import Callable, Iterable, Mapping
from inspect import iscoroutine, signature
from typing import TYPE_CHECKING, Any

from .errors import ArtifactError, ConfigurationError, ServiceError, describe_error

if TYPE_CHECKING:
    from .artifact import Artifact
    from .service import Service
    from .types import Model


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


def load_model(service: "Service", artifact: "Artifact", *, threads: int) -> "Model":
    """Return what the hook `load_model` makes of an artifact.

    Args:
        service: has the hook.
        artifact: the service's, or a challenger.
        threads: that one call may use.

    Raises:
        ArtifactError: the hook failed, or returned no model; the message has the project's line.
    """
    hook = "`load_model` in service.py"
    try:
        model = service.load_model(artifact, threads=threads)
    except ServiceError:
        raise
    except Exception as error:  # a hook may raise anything
        raise ArtifactError(
            f"{hook} failed{place_of(error, package_of(service))}: {describe_error(error)}."
        ) from error
    if isinstance(model, type) or not callable(getattr(model, "run", None)):
        kind = f"the class {model.__name__}" if isinstance(model, type) else name_kind(model)
        raise ArtifactError(f"{hook} returned {kind}; return an object with `run(tensors)`.")
    return model


def package_of(service: "Service") -> str:
    """Return the project's package, which the class of its service lies in."""
    return type(service).__module__.rpartition(".")[0]


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
