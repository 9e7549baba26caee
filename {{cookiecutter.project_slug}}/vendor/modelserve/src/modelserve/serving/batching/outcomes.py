"""What a call of the model returns, and how its requests get their answers."""

import asyncio
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from ...errors import ModelError
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
    """What one call of the model returns: the inputs, an outcome for each, and its time."""

    inputs: Sequence[ModelInput]
    outcomes: Sequence[Prediction | ModelError]
    seconds: float


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
    answers = zip(requests, call.inputs, call.outcomes, strict=True)
    batch = (len(call.inputs), sum(each.rows for each in call.inputs))
    _hand_out_some(answers, call.seconds, batch)


def _hand_out_some(
    answers: Iterator[tuple[WaitingRequest, ModelInput, Prediction | ModelError]],
    seconds: float,
    batch: tuple[int, int],
) -> None:
    some = [*islice(answers, AT_ONCE)]
    for request, given, outcome in some:
        if isinstance(outcome, ModelError):
            settle(request, outcome)
        else:
            settle(request, Answered(given, outcome, seconds, batch))
    if len(some) == AT_ONCE:
        asyncio.get_running_loop().call_soon(_hand_out_some, answers, seconds, batch)
