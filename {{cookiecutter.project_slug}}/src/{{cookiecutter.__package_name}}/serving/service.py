"""The parts of the service, each made once, by name."""

from concurrent.futures import Executor
from dataclasses import dataclass

from ..artifact import Manifest
from ..notify import Notifier
from ..settings import Settings
from .access import Access
from .codec import JsonCodec
from .inference_protocol import InferenceCodec
from .journal import Journal
from .metrics import Metrics
from .predictor import Predictor


@dataclass(frozen=True)
class Service:
    """What the routes and the hot path are given; `pool` is None for a model that runs inline."""

    settings: Settings
    manifest: Manifest
    access: Access
    notifier: Notifier
    metrics: Metrics
    journal: Journal
    codec: JsonCodec
    protocol: InferenceCodec
    predictor: Predictor
    pool: Executor | None
