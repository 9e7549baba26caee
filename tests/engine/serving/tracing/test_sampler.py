"""Requests are sampled as OpenTelemetry's samplers do."""

import re
from collections.abc import Callable

import pytest
from modelserve.errors import ConfigurationError
from modelserve.serving.request_context import RequestContext
from modelserve.serving.tracing.sampler import TraceSampler, load_sampler
from opentelemetry.sdk.trace.sampling import Decision, TraceIdRatioBased

TRACE_ID, PARENT_ID = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SAMPLED, UNSAMPLED = f"00-{TRACE_ID}-{PARENT_ID}-01", f"00-{TRACE_ID}-{PARENT_ID}-00"

Load = Callable[..., TraceSampler]


def context(traceparent: str = "", tracestate: str = "") -> RequestContext:
    """Return a request with these headers."""
    given = {b"traceparent": traceparent, b"tracestate": tracestate}
    headers = [(name, value.encode()) for name, value in given.items() if value]
    return RequestContext({"method": "POST", "headers": headers}, "1" * 32)


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Load:
    """Return a way to the sampler of some variables."""

    def make(name: str = "", argument: str = "") -> TraceSampler:
        monkeypatch.setenv("OTEL_TRACES_SAMPLER", name)
        monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", argument)
        return load_sampler()

    return make


@pytest.mark.parametrize(
    ("name", "argument", "alone", "sampled", "unsampled"),
    [
        ("", "", True, True, False),
        ("parentbased_always_on", "", True, True, False),
        ("parentbased_always_off", "", False, True, False),
        ("parentbased_traceidratio", "0", False, True, False),
        ("Always_On", "", True, True, True),
        ("always_off", "", False, False, False),
        ("traceidratio", "1", True, True, True),
        ("traceidratio", "0", False, False, False),
        ("traceidratio", "", True, True, True),
    ],
)
def test_the_standard_samplers_decide(
    load: Load, name: str, argument: str, alone: bool, sampled: bool, unsampled: bool
) -> None:
    sampler = load(name, argument)
    spans = [sampler.start(context(header)) for header in ("", SAMPLED, UNSAMPLED)]
    assert [span is not None for span in spans] == [alone, sampled, unsampled]


def test_a_clients_trace_is_continued(load: Load) -> None:
    span = load().start(context(SAMPLED, "vendor=value"))
    assert span
    assert (span.trace_id, span.parent_id, span.state) == (TRACE_ID, PARENT_ID, b"vendor=value")
    assert re.fullmatch(f"00-{TRACE_ID}-[0-9a-f]{{16}}-01", span.traceparent)
    assert span.span_id != PARENT_ID


@pytest.mark.parametrize("rest", ["01", "03", "01-more", "01-"])
def test_a_trace_of_a_later_version_is_continued(load: Load, rest: str) -> None:
    span = load().start(context(f"01-{TRACE_ID}-{PARENT_ID}-{rest}"))
    assert span
    assert (span.trace_id, span.parent_id) == (TRACE_ID, PARENT_ID)
    assert span.traceparent.startswith("00-")


@pytest.mark.parametrize(
    "header",
    [
        f"01-{TRACE_ID}-{PARENT_ID}-01more",
        f"00-{'0' * 32}-{PARENT_ID}-01",
        f"00-{TRACE_ID}-{'0' * 16}-01",
        f"00-{TRACE_ID.upper()}-{PARENT_ID}-01",
        f"00-{TRACE_ID}-{PARENT_ID}",
        f"00-{TRACE_ID}-{PARENT_ID}-01-more",
        f"ff-{TRACE_ID}-{PARENT_ID}-01",
        "\x00",
        "x" * 10_000,
    ],
)
def test_an_invalid_header_begins_a_new_trace(load: Load, header: str) -> None:
    asked = context(header)
    span = load().start(asked)
    asked.finish()
    assert span
    assert span.trace_id not in (TRACE_ID, "0" * 32)
    assert (span.parent_id, asked.trace) == ("", "")


@pytest.mark.parametrize(("flags", "sampled"), [("ff", True), ("fe", False)])
def test_the_lowest_flag_alone_says_whether_a_trace_is_sampled(
    load: Load, flags: str, sampled: bool
) -> None:
    span = load().start(context(f"00-{TRACE_ID}-{PARENT_ID}-{flags}"))
    assert (span is not None) is sampled


@pytest.mark.parametrize(("size", "kept"), [(512, 512), (513, 0)])
def test_a_state_that_is_too_long_is_dropped(load: Load, size: int, kept: int) -> None:
    span = load().start(context(SAMPLED, "a=".ljust(size, "b")))
    assert span
    assert len(span.state) == kept


def test_a_share_of_traces_is_sampled(load: Load) -> None:
    sampler = load("parentbased_traceidratio", "0.2")
    sampled = sum(sampler.start(context()) is not None for _ in range(2_000))
    assert 250 < sampled < 550


def test_a_ratio_decides_as_in_other_services(load: Load) -> None:
    """Or a trace would be sampled in parts."""
    sampler, theirs = load("traceidratio", "0.3"), TraceIdRatioBased(0.3)
    decisions = set()
    for number in range(1, 200):
        trace_id = number * 0x9E3779B97F4A7C15F39CC0605CEDC835 % (1 << 128)
        span = sampler.start(context(f"00-{trace_id:032x}-{PARENT_ID}-00"))
        expected = theirs.should_sample(None, trace_id, "").decision
        assert (span is not None) == (expected is Decision.RECORD_AND_SAMPLE)
        decisions.add(expected)
    assert len(decisions) == 2


@pytest.mark.parametrize(
    ("name", "argument", "complaint"),
    [
        ("xray", "", "OTEL_TRACES_SAMPLER='xray' is not known; use one of always_on"),
        ("traceidratio", "a lot", "OTEL_TRACES_SAMPLER_ARG='a lot' must be a number from 0 to 1"),
        ("traceidratio", "1.5", "must be a number from 0 to 1"),
        ("traceidratio", "nan", "must be a number from 0 to 1"),
    ],
)
def test_wrong_variables_are_named(load: Load, name: str, argument: str, complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(complaint)):
        load(name, argument)
