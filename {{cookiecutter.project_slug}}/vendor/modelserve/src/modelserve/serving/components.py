"""The components of the service, each made once, by name."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..artifact import Manifest
from ..notify import Notifier
from ..settings import Settings
from ..types import Codec
from .access import Access
from .codec import JsonCodec
from .feedback import Feedback
from .metrics_registry import MetricsRegistry
from .observers import RequestLogQueue
from .oip.codec import InferenceCodec
from .predictor import Predictor

if TYPE_CHECKING:  # the framework is imported when it is first asked
    from fastapi import APIRouter


@dataclass(frozen=True)
class Components:
    """What routes and the hot path share; `pool` is None for a model that runs inline."""

    settings: Settings
    manifest: Manifest
    access: Access
    notifier: Notifier
    registry: MetricsRegistry
    log_queue: RequestLogQueue
    feedback: Feedback
    codec: JsonCodec
    oip: InferenceCodec
    own_codecs: Mapping[str, Codec]
    routers: "Callable[[], Sequence[APIRouter]]"
    predictor: Predictor
    pool: Executor | None
