"""The project's codecs, routers and observers, checked at the start."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, NamedTuple

from ..errors import ConfigurationError, ModelError, ServiceError
from ..hook_calls import call, list_all, name_kind
from ..route_paths import PLATFORM_PATHS, is_taken
from ..settings import Settings
from ..types import Codec, ModelInput, Prediction
from .observers import RequestObserver
from .problems import Headers
from .request_context import RequestContext

if TYPE_CHECKING:  # only a project with routers needs FastAPI at the start
    from fastapi import APIRouter

    from ..service import Service

REDACTED = b"[redacted]"
PATTERN = frozenset("{}?#")  # no path of a request contains these as they stand
PARAMETER = re.compile(r"{[^}:]*")  # its name makes no difference to what a path matches
# What a header may hold; nothing checks it on the way to the client.
CONTENT_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+( *;[ -~]*)?", re.ASCII).fullmatch


class ProjectCodec:
    """A codec of the project's, held to what a codec must return.

    Its attribute `content_type` names the response's type, JSON without one. `redact` removes
    fields from a captured body; without it, CAPTURE_REDACT removes the whole body.

    Args:
        path: of its requests.
        codec: from `codecs` in service.py.
    """

    def __init__(self, path: str, codec: Codec) -> None:
        """Read the codec's optional attributes."""
        self._path = path
        self._codec = codec
        self._content_type = getattr(codec, "content_type", "application/json").encode()
        self._redact: Callable[[bytes, Collection[str]], bytes] = getattr(
            codec, "redact", lambda body, names: REDACTED
        )

    def choose(self, context: RequestContext) -> "ProjectCodec":
        """Return this codec for every request."""
        context.content_type = context.headers.get(b"content-type", b"")
        context.answer_type, context.redact = self._content_type, self._redact
        return self

    def head(self, context: RequestContext) -> Headers:
        """Return the headers of a successful response."""
        return [(b"content-type", context.answer_type)]

    def decode(self, body: bytes) -> ModelInput:
        """Return the tensors of a request's body.

        Raises:
            RequestError: as the codec raises it.
            ModelError: the codec failed, or returned something else.
        """
        try:
            given = self._codec.decode(body)
        except ServiceError:
            raise
        except Exception as error:
            raise ModelError(f"The codec of {self._path} failed to decode the body.") from error
        if not isinstance(given, ModelInput):
            raise ModelError(f"The codec of {self._path} decoded to no ModelInput.")
        return given

    def encode(self, given: ModelInput, prediction: Prediction, inference_id: str) -> bytes:
        """Return the response's body.

        Raises:
            ModelError: the codec failed, or returned something else than bytes.
        """
        try:
            body = self._codec.encode(given, prediction, inference_id)
        except ServiceError:
            raise
        except Exception as error:
            raise ModelError(f"The codec of {self._path} failed to encode the answer.") from error
        if not isinstance(body, bytes):
            raise ModelError(f"The codec of {self._path} encoded to {type(body).__name__}.")
        return body


class Extensions(NamedTuple):
    """What the project adds to the service."""

    codecs: Mapping[str, ProjectCodec]
    routers: "Sequence[APIRouter]"
    observers: tuple[RequestObserver, ...]


def load_extensions(service: "Service", infer_paths: Collection[str]) -> Extensions:
    """Return the project's codecs by path, its routers, and its observers.

    Raises:
        ConfigurationError: one of them cannot be used.
    """
    codecs = load_codecs(service, infer_paths)
    routers = load_routers(service, [*infer_paths, *codecs])
    return Extensions(codecs, routers, load_observers(service))


def load_codecs(service: "Service", infer_paths: Iterable[str]) -> Mapping[str, ProjectCodec]:
    """Return the project's codecs by path.

    Raises:
        ConfigurationError: a path is malformed or taken, or a codec is none.
    """
    codecs: dict[str, ProjectCodec] = {}
    returned = call(service.codecs, "codecs() in service.py", {})
    if not isinstance(returned, Mapping):
        raise ConfigurationError(
            f"codecs() in service.py returned {name_kind(returned)}; return a dict of codecs by "
            "path."
        )
    for path, codec in returned.items():
        _check_path(path, "codecs()", service.settings, infer_paths)
        if PATTERN.intersection(path):
            raise ConfigurationError(
                f"codecs() in service.py: {path} would never be answered; a codec answers one "
                "path, without a pattern or a query."
            )
        if isinstance(codec, type):
            raise ConfigurationError(
                f"codecs() in service.py: the codec of {path} is the class {codec.__name__}; "
                "return an object of it."
            )
        if not (
            callable(getattr(codec, "decode", None)) and callable(getattr(codec, "encode", None))
        ):
            raise ConfigurationError(
                f"codecs() in service.py: the codec of {path} needs `decode` and `encode`."
            )
        _refuse_coroutines(codec, ("decode", "encode"), f"codecs() in service.py, {path}")
        if not CONTENT_TYPE(str(getattr(codec, "content_type", "application/json"))):
            raise ConfigurationError(
                f"codecs() in service.py: the content_type of {path} is no content type, such as "
                "image/png."
            )
        codecs[path] = ProjectCodec(path, codec)
    return codecs


def load_routers(service: "Service", taken: Iterable[str]) -> "Sequence[APIRouter]":
    """Return the project's routers; without a hook, FastAPI is not imported.

    Args:
        service: has the hook.
        taken: the paths of inference and of the project's codecs.

    Raises:
        ConfigurationError: a path is taken, by another route of the project's perhaps, or a route
            is none of FastAPI's HTTP routes.
    """
    if not service.overrides("routers"):
        return ()
    # pylint: disable=import-outside-toplevel
    from fastapi import APIRouter
    from fastapi.routing import APIRoute, iter_route_contexts

    routers = list_all(service.routers, "routers() in service.py", "fastapi.APIRouter objects")
    answered: set[tuple[str, str]] = set()
    for router in routers:
        if not isinstance(router, APIRouter):
            raise ConfigurationError(
                f"routers() in service.py returned {router!r}; return fastapi.APIRouter objects."
            )
        for route in iter_route_contexts(router.routes):
            if not isinstance(route.original_route, APIRoute):
                raise ConfigurationError(
                    f"routers() in service.py: {route.path} is not a route for HTTP requests "
                    "that FastAPI documents; keys and limits would not apply to it."
                )
            path = str(route.path)
            _check_path(path, "routers()", service.settings, taken)
            requests = {
                (each, PARAMETER.sub("{", path)) for each in route.original_route.methods or ()
            }
            if hidden := sorted(answered & requests):
                raise ConfigurationError(
                    f"routers() in service.py: an earlier route already answers {hidden[0][0]} "
                    f"{path}; choose another path or method."
                )
            answered |= requests
    return routers


def load_observers(service: "Service") -> tuple[RequestObserver, ...]:
    """Return the project's observers.

    Raises:
        ConfigurationError: an object is no RequestObserver, or a method of it is a coroutine.
    """
    place = "observers() in service.py"
    observers = list_all(service.observers, place, "RequestObserver objects")
    for observer in observers:
        if not isinstance(observer, RequestObserver):
            raise ConfigurationError(f"{place} returned {observer!r}; subclass RequestObserver.")
        _refuse_coroutines(observer, ("record", "write", "close"), place)
    return observers


def _refuse_coroutines(extension: object, methods: Iterable[str], place: str) -> None:
    """Raise ConfigurationError for a method that nothing would await."""
    for name in methods:
        if iscoroutinefunction(getattr(extension, name)):
            raise ConfigurationError(
                f"{place}: {type(extension).__name__}.{name} is a coroutine; write `def` instead "
                "of `async def`."
            )


def _check_path(path: object, hook: str, settings: Settings, taken: Iterable[str]) -> None:
    """Raise ConfigurationError for a path that is malformed or answered already."""
    if not (isinstance(path, str) and path.startswith("/")):
        raise ConfigurationError(
            f"{hook} in service.py: the path {path!r} must begin with a slash."
        )
    own = (settings.predict_route, settings.health_route)
    if is_taken(path, ("/", *PLATFORM_PATHS, *own, *taken)):
        raise ConfigurationError(
            f"{hook} in service.py: the service itself answers {path}; choose another path."
        )
