"""Train, serve and monitor one model: the library of projects baked from this template."""

# Everything in `__all__`, in `modelserve.types` and in `modelserve.testing` is public; the rest may
# change with any version. Names are imported on first use: serving does not install what trains.

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .artifact import Artifact
    from .errors import ConfigurationError, FieldError, InvalidInputError, ModelError, ServiceError
    from .log_handler import make_handler
    from .logs import make_formatter, open_stream
    from .project import Project
    from .service import Service
    from .serving.codec import JsonCodec
    from .serving.metrics_registry import MetricsRegistry
    from .serving.observers import RequestObserver
    from .serving.request_context import RequestContext
    from .serving.runtime import OnnxModel
    from .settings import Settings
    from .training.exported_model import ExportedModel
    from .training.sections import DataSection, Options
    from .training.table.boosting import BoostingOptions, train_boosting
    from .training.table.estimators import EstimatorOptions, make_classifier, make_regressor
    from .training.table.pipeline import encode_columns, export_pipeline, fit_pipeline
    from .training.table.table import Table
    from .training.text.options import TextOptions, train_text_model
    from .training.text.texts import Texts

# ONNX Runtime reads it while it is imported, and would send telemetry without it.
os.environ["ORT_DISABLE_TELEMETRY"] = os.environ.get("ORT_DISABLE_TELEMETRY", "").strip() or "1"

_HOMES = {
    "artifact": ("Artifact",),
    "errors": (
        "ConfigurationError",
        "FieldError",
        "InvalidInputError",
        "ModelError",
        "ServiceError",
    ),
    "log_handler": ("make_handler",),
    "logs": ("make_formatter", "open_stream"),
    "project": ("Project",),
    "service": ("Service",),
    "serving.codec": ("JsonCodec",),
    "serving.metrics_registry": ("MetricsRegistry",),
    "serving.observers": ("RequestObserver",),
    "serving.request_context": ("RequestContext",),
    "serving.runtime": ("OnnxModel",),
    "settings": ("Settings",),
    "training.exported_model": ("ExportedModel",),
    "training.sections": ("DataSection", "Options"),
    "training.table.boosting": ("BoostingOptions", "train_boosting"),
    "training.table.estimators": ("EstimatorOptions", "make_classifier", "make_regressor"),
    "training.table.pipeline": ("encode_columns", "export_pipeline", "fit_pipeline"),
    "training.table.table": ("Table",),
    "training.text.options": ("TextOptions", "train_text_model"),
    "training.text.texts": ("Texts",),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}

__version__ = "0.2.0"
__all__ = [
    "Artifact",
    "BoostingOptions",
    "ConfigurationError",
    "DataSection",
    "EstimatorOptions",
    "ExportedModel",
    "FieldError",
    "InvalidInputError",
    "JsonCodec",
    "MetricsRegistry",
    "ModelError",
    "OnnxModel",
    "Options",
    "Project",
    "RequestContext",
    "RequestObserver",
    "Service",
    "ServiceError",
    "Settings",
    "Table",
    "TextOptions",
    "Texts",
    "encode_columns",
    "export_pipeline",
    "fit_pipeline",
    "make_classifier",
    "make_formatter",
    "make_handler",
    "make_regressor",
    "open_stream",
    "train_boosting",
    "train_text_model",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_HOME[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
