"""Prediction routes whose sampled requests have a span."""

from collections.abc import Mapping

from ...types import Codec
from ..hot_path import JSON, Route
from ..problems import Headers
from ..request_context import RequestContext
from .request_span import TimedCodec
from .sampler import TraceSampler


class TracedNegotiator:
    """Chooses the codec of a route, and begins a span for a sampled request.

    The hot path asks for the codec once a request's key is known, so nobody else has spans.

    Args:
        route: is traced.
        sampler: decides for each request.
    """

    def __init__(self, route: Route, sampler: TraceSampler) -> None:
        """Note both."""
        self._codec, self._negotiator = route.codec, route.negotiator
        self._sampler = sampler

    def choose(self, context: RequestContext) -> Codec:
        """Return the route's codec; of a sampled request, one that takes the time.

        Raises:
            RequestError: the route has no codec for the request.
        """
        span = context.span = self._sampler.start(context)
        if span:
            context.trace = span.trace_id
        codec = self._negotiator.choose(context) if self._negotiator else self._codec
        return TimedCodec(codec, span) if span else codec

    def head(self, context: RequestContext) -> Headers:
        """Return the headers of the route's successful response."""
        return self._negotiator.head(context) if self._negotiator else [JSON]


def trace_routes(routes: Mapping[str, Route], sampler: TraceSampler) -> Mapping[str, Route]:
    """Return routes that do the same, and are traced."""
    return {
        path: route._replace(negotiator=TracedNegotiator(route, sampler))
        for path, route in routes.items()
    }
