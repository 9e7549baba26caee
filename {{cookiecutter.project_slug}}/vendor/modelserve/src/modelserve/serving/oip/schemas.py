"""The typed bodies of the Open Inference Protocol's requests and responses."""

from typing import Annotated, Any, NotRequired

from pydantic import FailFast, Field, with_config
from typing_extensions import TypedDict

from ..schemas import LENIENT
from ..whole_numbers import WHOLE

MOST_AXES = 8
LONGEST_AXIS = 2**31 - 1

Parameters = Annotated[
    dict[str, Any] | None,
    Field(description="binary_data_size, binary_data, binary_data_output; others are ignored."),
]
# Validation stops at the first that is wrong: there may be a hundred thousand.
Shape = Annotated[
    list[Annotated[int, Field(ge=0, le=LONGEST_AXIS), WHOLE]],
    Field(min_length=1, max_length=MOST_AXES),
    FailFast(),
]


@with_config(LENIENT)
class InputTensor(TypedDict):
    """A named array: its data in row-major order, flat or nested, unless they are in binary."""

    name: str
    shape: Shape
    datatype: str
    data: NotRequired[list[Any] | None]
    parameters: NotRequired[Parameters]


@with_config(LENIENT)
class WantedOutput(TypedDict):
    """An output that the client asks for by name."""

    name: str
    parameters: NotRequired[Parameters]


@with_config(LENIENT)
class InferRequest(TypedDict):
    """An inference request; other properties than these are ignored."""

    id: NotRequired[str | None]
    inputs: Annotated[list[InputTensor], Field(min_length=1), FailFast()]
    outputs: NotRequired[Annotated[list[WantedOutput] | None, FailFast()]]
    parameters: NotRequired[Parameters]


class OutputTensor(TypedDict):
    """A named array of the answer; in binary, `binary_data_size` stands in its parameters."""

    name: str
    shape: list[int]
    datatype: str
    data: NotRequired[list[Any]]
    parameters: NotRequired[dict[str, Any]]


class InferResponse(TypedDict):
    """An inference response; `parameters` names the answer, and says whether it is degraded."""

    model_name: str
    model_version: str
    id: str
    parameters: dict[str, Any]
    outputs: list[OutputTensor]


class InferError(TypedDict):
    """An error's body."""

    error: str
