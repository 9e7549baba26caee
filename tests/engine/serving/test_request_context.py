"""What is known of a request from its beginning."""

import re
import time
from itertools import islice
from typing import Any

import numpy as np
import pytest
from modelserve.serving import request_context
from modelserve.types import ModelInput, Prediction


def test_names_are_all_different_and_tell_their_time() -> None:
    before_ms = time.time_ns() // 1_000_000
    names = list(islice(request_context.new_ids(), 1_000))
    after_ms = time.time_ns() // 1_000_000
    times_ms = [int(name[:12], 16) for name in names]
    assert all(re.fullmatch("[0-9a-f]{32}", name) for name in names)
    assert len({name[12:] for name in names}) == 1_000
    assert times_ms == sorted(times_ms)
    assert before_ms <= times_ms[0]
    assert times_ms[-1] <= after_ms


def test_a_name_tells_when_it_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    now_ms = iter([1, 1, 2**48 - 1])
    monkeypatch.setattr(time, "time_ns", lambda: next(now_ms) * 1_000_000)
    heads = [name[:12] for name in islice(request_context.new_ids(), 3)]
    assert heads == ["000000000001", "000000000001", "ffffffffffff"]


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        pytest.param(b"Abc-1.2_3", True, id="plain"),
        pytest.param(b"a\nb", False, id="newline"),
        pytest.param(b"a\n", False, id="newline-at-the-end"),
        pytest.param(b"\xff", False, id="no-text"),
        pytest.param(b"x" * 65, False, id="long"),
    ],
)
def test_only_a_plain_request_id_is_taken(given: bytes, taken: bool) -> None:
    scope = {"method": "GET", "headers": [(b"x-request-id", given)]}
    request_id = request_context.RequestContext(scope, "mine").request_id
    assert request_id == (given.decode() if taken else "mine")


def test_an_unknown_method_is_called_other() -> None:
    scope = {"method": "BREW", "headers": []}
    assert request_context.RequestContext(scope, "mine").method == "OTHER"


def test_the_clock_is_stopped_at_the_end() -> None:
    finished = request_context.RequestContext({"method": "GET", "headers": []}, "mine")
    finished.finish()
    assert finished.seconds > 0
    assert finished.time > 1e9


@pytest.mark.parametrize(
    ("headers", "attributes"),
    [
        pytest.param([], b"", id="plain"),
        pytest.param(
            [
                (b"content-type", b"text/csv"),
                (b"x-amzn-sagemaker-custom-attributes", b"store=7"),
                (b"x-api-key", b"secret"),
            ],
            b"store=7",
            id="with-headers",
        ),
    ],
)
def test_what_was_answered_is_kept_and_the_headers_are_not(
    headers: list[tuple[bytes, bytes]], attributes: bytes
) -> None:
    call, prediction = (
        ModelInput({}, 3),
        Prediction(np.zeros((3, 1), dtype=np.float32), degraded=True),
    )
    finished: Any = request_context.RequestContext({"method": "POST", "headers": headers}, "mine")
    finished.keep(call, prediction, b"asked", b"answered")
    finished.finish()
    assert (finished.given, finished.prediction) == (call, prediction)
    assert (finished.body, finished.answer) == (b"asked", b"answered")
    assert (finished.rows, finished.degraded) == (3, True)
    assert finished.attributes == attributes
    assert not hasattr(finished, "headers")
