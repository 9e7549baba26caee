"""The typed bodies of requests and responses, for validation and for /openapi.json alike."""

from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, NotRequired

from pydantic import ConfigDict, FailFast, Field, with_config
from pydantic_core import from_json
from typing_extensions import TypedDict

from ..errors import FieldError, InvalidInputError, MalformedError, RequestError
from ..translation import with_powers

PHRASES = {
    "missing": "this field is missing",
    "extra_forbidden": "there is no such field",
    "dict_type": "Input should be an object",
    "null": "null is not allowed: this field may not be missing",
    "empty": "this text may not be empty",
    "word": "this text stands for a missing value, and this field may not be missing",
    "string_pattern_mismatch": "should hold something that can be read",
}
BOUNDS = {"greater_than", "greater_than_equal", "less_than", "less_than_equal"}
SCALARS = {"bool_type", "boolean", "float_type", "int_type", "string_type"}
BYTE_ORDER_MARKS = (BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE)
STRICT = ConfigDict(extra="forbid", strict=True)
LENIENT = ConfigDict(extra="ignore", strict=True)

STANDS_FOR_MISSING: Any = object()  # in the place of a text where nothing may be missing

Extra = Literal["refuse", "ignore"]

# The fields of a request for predictions.
INSTANCES, PARAMETERS, EXPLAIN = "instances", "parameters", "explain"


def typed_dict(name: str, fields: dict[str, Any], *, extra_fields: Extra = "refuse") -> Any:
    """Return a TypedDict that converts nothing, and refuses other fields or ignores them."""
    type_: Any = TypedDict(name, fields)  # type: ignore[misc]
    return with_config(STRICT if extra_fields == "refuse" else LENIENT)(type_)


def request_type(row: Any, *, max_rows: int) -> Any:
    """Return the type of a prediction request: 1 to `max_rows` rows under "instances".

    Its validation stops at the first invalid row: see `invalid_rows`.
    """
    instances = Annotated[list[row], Field(min_length=1, max_length=max_rows), FailFast()]
    explain = Annotated[bool | None, Field(description="Explain each prediction; it takes longer.")]
    parameters = Annotated[
        Any, Field(description='Vertex AI\'s: {"explain": true} asks for explanations.')
    ]
    return typed_dict(
        "PredictRequest",
        {
            INSTANCES: instances,
            EXPLAIN: NotRequired[explain],
            PARAMETERS: NotRequired[parameters],
        },
    )


def asks_to_explain(content: Mapping[str, Any]) -> bool:
    """Return whether a request for predictions asks for explanations."""
    parameters = content.get(PARAMETERS)
    return content.get(EXPLAIN) is True or (
        isinstance(parameters, dict) and parameters.get(EXPLAIN) is True
    )


def explanation_type(*, of_text: bool) -> Any:
    """Return the type of an answer's explanation: of a table by field, of a text by word."""
    contributions: Any = list[tuple[str, float]] if of_text else dict[str, float]
    base = "With every word hidden." if of_text else "The mean for the background rows."
    explanation = typed_dict(
        "Explanation",
        {
            "of": Annotated[str, Field(description="The label, or value.")],
            "base": Annotated[float, Field(description=base)],
            "contributions": Annotated[
                contributions, Field(description="They and the base sum to the answer.")
            ],
        },
    )
    return NotRequired[
        Annotated[explanation | None, Field(description="Null where the fallback answered.")]
    ]


class FieldProblem(TypedDict):
    """One field that is wrong: where it stands, as a JSON pointer, and why."""

    pointer: str
    detail: str


def response_type(prediction: Any) -> Any:
    """Return the type of a prediction response, one prediction a row."""
    return typed_dict(
        "PredictResponse",
        {
            "predictions": list[prediction],
            "model_name": str,
            "model_version": str,
            "inference_id": Annotated[str, Field(description="Names this answer in feedback.")],
            "degraded": Annotated[
                bool,
                Field(description='The fallback answered all rows, or those that "warnings" name.'),
            ],
            "warnings": NotRequired[list[FieldProblem]],
        },
    )


class Problem(TypedDict):
    """An error's body, as RFC 9457 has it."""

    type: str
    title: str
    status: int
    detail: str
    request_id: str
    errors: NotRequired[list[FieldProblem]]


def request_error(
    failures: Sequence[Mapping[str, Any]], *, skip: int = 0, body: object = None
) -> RequestError:
    """Return the error of a failed validation: MalformedError or InvalidInputError.

    Args:
        failures: pydantic's list of errors.
        skip: leading steps of each location that the body does not have.
        body: in bytes; or as text, if another parser than pydantic's read it, which names no line.
    """
    if failures[0]["type"] == "json_invalid":
        reason = failures[0].get("ctx", {}).get("error", failures[0]["msg"])
        if isinstance(body, str):
            try:
                from_json(body)
            except ValueError as error:
                reason = str(error)
        elif isinstance(body, bytes):
            reason = json_fault(body, reason)
        return MalformedError(f"The body is no valid JSON: {reason}.")
    return InvalidInputError(
        [
            FieldError(
                "".join(f"/{_escape(step)}" for step in each["loc"][skip:]),
                PHRASES.get(_kind_of(each)) or _message(each),
            )
            for each in failures
        ]
    )


def json_fault(text: bytes, error: object) -> str:
    """Return why a text is no JSON: by its parser's error, unless it is no plain UTF-8 at all."""
    if text.startswith(BYTE_ORDER_MARKS) or b"\0" in text[:2]:
        return "it must be UTF-8 without a byte-order mark"
    return str(error)


def _kind_of(failure: Mapping[str, Any]) -> str:
    """Return the type of an error; null and texts for a missing value are types of their own."""
    kind, value = str(failure["type"]), failure.get("input")
    if value is STANDS_FOR_MISSING:
        return "word"
    if value is None and kind in SCALARS:
        return "null"
    return "empty" if value == "" and kind == "string_too_short" else kind


def _message(failure: Mapping[str, Any]) -> str:
    """Return pydantic's message, with a bound as a person reads it."""
    message = str(failure["msg"])
    return with_powers(message) if failure["type"] in BOUNDS else message


def _escape(step: str | int) -> str:
    """Return one step of a JSON pointer (RFC 6901)."""
    return str(step).replace("~", "~0").replace("/", "~1")
