"""The HTTP service, and the hooks by which a project changes it."""

# pylint: disable=import-outside-toplevel
import logging
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TextIO

from . import artifact as artifacts
from . import environment
from .artifact import Artifact
from .environment import SHARED_METRICS, TOKENIZER_THREADS
from .errors import ConfigurationError
from .settings import Settings
from .translation import Catalogue, load_catalogue
from .types import Codec, Model, Rows

if TYPE_CHECKING:  # each is imported when it is first needed: monitoring serves nothing
    from fastapi import APIRouter
    from starlette.types import ASGIApp

    from .serving.codec import JsonCodec
    from .serving.metrics_registry import MetricsRegistry
    from .serving.observers import RequestObserver


class _FromInit:
    """An attribute that `Service.__init__` sets."""

    def __get__(self, instance: object, owner: type) -> "_FromInit":
        """Name the call that is missing."""
        if instance is None:
            return self
        raise ConfigurationError(
            f"`__init__` of `{owner.__name__}` in service.py did not begin with "
            "`super().__init__(settings, artifact)`."
        )


class Service:
    """One model behind HTTP. Subclass it in your service.py, and override what you need.

    A hook that is not overridden costs nothing.

    Args:
        settings: of the operator, an instance of `settings_class`.
        artifact: the model; that of `settings.model_dir` or `settings.model_uri`, if not given.

    Raises:
        ArtifactError: there is no artifact, it is not what its manifest says, or it is not signed
            by the key that the settings name.
    """

    settings_class: ClassVar[type[Settings]] = Settings
    if not TYPE_CHECKING:
        settings = artifact = _FromInit()

    def __init__(self, settings: Settings, artifact: Artifact | None = None) -> None:
        """Load and verify the artifact."""
        self.settings = settings
        self.artifact = artifact or artifacts.load(
            _find_folder(settings),
            public_key=settings.model_public_key,
            setting="--model or MODEL_DIR",
        )

    def load_model(self, artifact: Artifact, *, threads: int) -> Model:
        """Return what answers: anything with `run(tensors) -> outputs`.

        Args:
            artifact: the verified folder with the graph.
            threads: that one call may use.

        Raises:
            ArtifactError: the model cannot be loaded.
        """
        from .serving.runtime import OnnxModel

        return OnnxModel(artifact.model, threads=threads, providers=self.settings.providers)

    def preprocess(self, rows: Rows) -> Rows:
        """Return validated rows as the model should see them, with the same fields.

        It runs before every prediction: HTTP in each format, `predict`, `batch`, and monitoring.

        Raises:
            InvalidInputError: rows that the model cannot answer; the pointer of a FieldError is
                "/ROW/FIELD", with the row's number from 0.
        """
        return rows

    def postprocess(
        self, predictions: list[dict[str, Any]], rows: Rows
    ) -> Sequence[Mapping[str, Any]]:
        """Return the answers to give, one for each prediction, in their order.

        Args:
            predictions: "label" and "probabilities", or "value", "lower" and "upper".
            rows: after `preprocess`.
        """
        del rows
        return predictions

    def codecs(self) -> Mapping[str, Codec]:
        """Return further request formats by path, answered on the hot path.

        `self.codec` validates rows and knows the outputs. A codec may have an attribute
        `content_type`, of its responses, and a method `redact(body, names)` for captures.
        """
        return {}

    def routers(self) -> "Sequence[APIRouter]":
        """Return FastAPI routers: documented, and behind the same keys and limits as ours.

        FastAPI runs them without a lifespan: load what they need in `__init__`.
        """
        return ()

    def observers(self) -> "Sequence[RequestObserver]":
        """Return what is given every finished request, for own metrics or an own log.

        The parent of several workers calls this once, too, to find errors; it closes what it gets.
        """
        return ()

    @classmethod
    def overrides(cls, hook: str) -> bool:
        """Return whether the project overrides a hook."""
        return getattr(cls, hook) is not getattr(Service, hook)

    @cached_property
    def registry(self) -> "MetricsRegistry":
        """Return the registry behind /metrics: own metrics bear the model's name and version."""
        from .serving.metrics_registry import MetricsRegistry

        return MetricsRegistry(self.artifact.manifest)

    @cached_property
    def codec(self) -> "JsonCodec":
        """Return the service's own format: rows by the manifest's schema, and predictions."""
        from .serving.codec import JsonCodec

        return JsonCodec(
            self.artifact,
            max_rows=self.settings.max_rows,
            max_text_length=self.settings.max_text_length,
            extra_fields=self.settings.extra_fields,
            preprocess=self.preprocess if self.overrides("preprocess") else None,
            postprocess=self.postprocess if self.overrides("postprocess") else None,
            catalogue=self.catalogue,
        )

    @cached_property
    def catalogue(self) -> Catalogue:
        """Return the sentences of the language in which the service answers."""
        return load_catalogue(self.settings.locale)

    def create_app(self, log_handler: logging.StreamHandler[TextIO] | None = None) -> "ASGIApp":
        """Return the service as one ASGI application, its model loaded.

        Args:
            log_handler: where a line for each request goes; None for no such lines.

        Raises:
            ArtifactError: the model cannot be served.
            ConfigurationError: the keys cannot be read, or a setting does not fit the model.
        """
        environment.drop_if_empty(SHARED_METRICS)  # before prometheus_client is imported
        # For few texts, they take twice the time; and other requests have the processors.
        environment.set_default(TOKENIZER_THREADS, "false")
        from .serving.app import create_app

        return create_app(self, log_handler)


def make_lookup(settings: Settings) -> Callable[[Path], Path] | None:
    """Return what looks the served alias of MLflow's registry up again; None for anything else.

    The function returns the folder of the version that the alias names, given the last one.
    """
    uri = environment.read(environment.RESOLVED_URI) or settings.model_uri or ""
    if "@" not in uri:
        return None

    def look_up(known: Path) -> Path:
        from .tracking.model_uri import resolve

        return resolve(uri, known=known)

    return look_up


def _find_folder(settings: Settings) -> Path:
    """Return the artifact's folder; `serve` has already downloaded it, for all its workers."""
    if settings.model_uri is None:
        return settings.model_dir
    from .tracking.model_uri import resolve

    return resolve(settings.model_uri)
