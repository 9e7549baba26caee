"""The components of the service, each made once, by name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..manifest import Manifest
from ..notify import Notifier
from ..settings import Settings
from ..translation import Catalogue
from .access import Access
from .batching.batcher import Batcher
from .codec import JsonCodec
from .explain.explainer import Explainer
from .extensions import ProjectCodec
from .feedback import Feedback
from .feedback_exchange import FeedbackExchange
from .metrics_registry import MetricsRegistry
from .observers import RequestLogQueue
from .oip.codec import InferenceCodec
from .predictor import Predictor
from .problems import ErrorResponses
from .tracing.sampler import TraceSampler

if TYPE_CHECKING:  # the framework is imported when it is first asked
    from fastapi import APIRouter

    from .reloading.reloader import Reloader


@dataclass(frozen=True)
class Components:
    """What routes and the hot path share.

    `batcher` is None for a model that runs inline, `challenger` where no second model is compared,
    and `sampler` where no requests are traced.
    """

    settings: Settings
    manifest: Manifest
    catalogue: Catalogue
    error_responses: ErrorResponses
    access: Access
    notifier: Notifier
    registry: MetricsRegistry
    log_queue: RequestLogQueue
    feedback: Feedback
    feedback_exchange: FeedbackExchange
    codec: JsonCodec
    oip: InferenceCodec
    project_codecs: Mapping[str, ProjectCodec]
    routers: "Sequence[APIRouter]"
    predictor: Predictor
    challenger: Manifest | None
    sampler: TraceSampler | None
    explainer: Explainer
    batcher: Batcher | None
    reloader: "Reloader | None" = None
