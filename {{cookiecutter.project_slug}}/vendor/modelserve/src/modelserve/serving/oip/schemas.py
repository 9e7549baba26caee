"""The typed bodies of the Open Inference Protocol's requests and responses."""

from typing import Annotated, Any, NotRequired

from pydantic import Field, with_config
from typing_extensions import TypedDict

from ..schemas import STRICT

Parameters = Annotated[dict[str, Any], Field(description="Accepted; not used.")]


@with_config(STRICT)
class InputTensor(TypedDict):
    """A named array: its data in row-major order, flat or nested."""

    name: str
    shape: list[Annotated[int, Field(ge=0)]]
    datatype: str
    data: list[Any]
    parameters: NotRequired[Parameters]


@with_config(STRICT)
class WantedOutput(TypedDict):
    """An output that the client asks for by name."""

    name: str
    parameters: NotRequired[Parameters]


@with_config(STRICT)
class InferRequest(TypedDict):
    """An inference request."""

    id: NotRequired[str]
    inputs: Annotated[list[InputTensor], Field(min_length=1)]
    outputs: NotRequired[list[WantedOutput]]
    parameters: NotRequired[Parameters]


class OutputTensor(TypedDict):
    """A named array of the answer."""

    name: str
    shape: list[int]
    datatype: str
    data: list[Any]


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
