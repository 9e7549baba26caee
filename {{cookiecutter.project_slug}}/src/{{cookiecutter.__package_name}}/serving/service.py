"""The parts of the service, each made once, by name."""

from concurrent.futures import Executor
from dataclasses import dataclass

from ..artifact import Manifest
from ..notify import Notifier
from ..settings import Settings
from .access import Access
from .codec import JsonCodec
from .feedback import Feedback
from .inference_protocol import InferenceCodec
from .journal import Journal
from .predictor import Predictor
from .series import Series


@dataclass(frozen=True)
class Service:
    """What the routes and the hot path are given; `pool` is None for a model that runs inline."""

    settings: Settings
    manifest: Manifest
    access: Access
    notifier: Notifier
    series: Series
    journal: Journal
    feedback: Feedback
    codec: JsonCodec
    protocol: InferenceCodec
    predictor: Predictor
    pool: Executor | None
