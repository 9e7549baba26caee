"""What a call of the model returns, and how its requests get their answers."""

import asyncio
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from ...errors import InvalidInputError, ModelError
from ...types import ModelInput, Prediction
from .queue import WaitingRequest

AT_ONCE = 8  # answers


class Answered(NamedTuple):
    """A request's prediction, its input as the model took it, and the time of the call.

    `batch` are the requests and the rows of the call.
    """

    given: ModelInput
    prediction: Prediction
    model_seconds: float
    batch: tuple[int, int]


class Call(NamedTuple):
    """What one call of the model returns: an outcome for each valid input, and its time.

    `inputs` are of all requests, with an error in the place of one that was found invalid.
    `thread_seconds` include what prepares them.
    """

    inputs: Sequence[ModelInput | InvalidInputError]
    outcomes: Sequence[Prediction | ModelError]
    seconds: float
    thread_seconds: float


Matched = tuple[WaitingRequest, ModelInput, Prediction | ModelError | InvalidInputError]


def settle(request: WaitingRequest, outcome: Answered | BaseException) -> None:
    """Set the outcome of a request, if it still waits for one."""
    if request.answer.done():
        return
    if isinstance(outcome, BaseException):
        request.answer.set_exception(outcome)
    else:
        request.answer.set_result(outcome)


def hand_out(requests: Sequence[WaitingRequest], call: Call) -> None:
    """Settle the requests of a call, some in each turn of the loop: health checks go in between."""
    batch = (len(requests), sum(each.given.rows for each in requests))
    _hand_out_some(_match(requests, call), call.seconds, batch)


def _match(requests: Sequence[WaitingRequest], call: Call) -> Iterator[Matched]:
    """Yield each request with its input, and with its outcome."""
    outcomes = [*reversed(call.outcomes)]
    for request, given in zip(requests, call.inputs, strict=True):
        if isinstance(given, InvalidInputError):
            yield request, request.given, given
        else:
            yield request, given, outcomes.pop()


def _hand_out_some(answers: Iterator[Matched], seconds: float, batch: tuple[int, int]) -> None:
    some = [*islice(answers, AT_ONCE)]
    for request, given, outcome in some:
        if isinstance(outcome, Exception):
            settle(request, outcome)
        else:
            settle(request, Answered(given, outcome, seconds, batch))
    if len(some) == AT_ONCE:
        asyncio.get_running_loop().call_soon(_hand_out_some, answers, seconds, batch)
