"""Decides which requests are traced, before anything is created for them."""

from random import getrandbits

from ... import environment
from ...errors import ConfigurationError
from ..request_context import TRACE, RequestContext
from .request_span import RequestSpan

SAMPLER, ARGUMENT = "OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG"
PARENT = "parentbased_"
SHARES = {"always_on": 1.0, "always_off": 0.0, "traceidratio": None}
LOW = (1 << 64) - 1  # the bits of a trace's id by which a ratio decides
STATE_BYTES = 512  # W3C: what a service has to pass on at least


class TraceSampler:
    """Samples requests as OpenTelemetry's samplers do.

    Args:
        share: of the traces that begin here, from 0 to 1.
        parent_based: whether the client's decision holds for its traces.

    Source: OpenTelemetry specification, Tracing SDK, "Sampling".
    """

    def __init__(self, share: float, *, parent_based: bool) -> None:
        """Compute the bound of the ids that are sampled."""
        self._bound = round(share * (1 << 64))
        self._parent_based = parent_based

    def start(self, context: RequestContext) -> RequestSpan | None:
        """Return the span of a sampled request, None for most."""
        header = context.headers.get(b"traceparent")
        if header and (parent := TRACE(header)):
            sampled = (
                int(parent[3], 16) & 1
                if self._parent_based
                else int(parent[1], 16) & LOW < self._bound
            )
            if not sampled:
                return None
            state = context.headers.get(b"tracestate", b"")
            return RequestSpan(
                parent[1].decode(),
                parent[2].decode(),
                state if len(state) <= STATE_BYTES else b"",
            )
        number = getrandbits(128)
        if number & LOW >= self._bound:
            return None
        return RequestSpan(f"{number or 1:032x}")


def load_sampler() -> TraceSampler:
    """Return the sampler that the standard variables describe: by default, every request.

    Raises:
        ConfigurationError: the sampler is unknown, or its argument is no share.
    """
    name = environment.read(SAMPLER).lower() or "parentbased_always_on"
    kind = name.removeprefix(PARENT)
    if kind not in SHARES:
        known = [*SHARES, *(PARENT + each for each in SHARES)]
        raise ConfigurationError(
            f"{SAMPLER}={name[:50]!r} is not known; use one of {', '.join(known)}."
        )
    share = SHARES[kind]
    return TraceSampler(
        _read_share() if share is None else share, parent_based=name.startswith(PARENT)
    )


def _read_share() -> float:
    text = environment.read(ARGUMENT) or "1"
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise ConfigurationError(f"{ARGUMENT}={text[:50]!r} must be a number from 0 to 1.")
    return share
