"""The type of a table's field: strict, except for how data frames write some values."""

from collections.abc import Sequence
from math import inf
from typing import Annotated, Any, NotRequired

from pydantic import GetPydanticSchema, WithJsonSchema
from pydantic_core import CoreSchema
from pydantic_core import core_schema as core

from ..manifest import Feature

LIMIT = 3.4028234663852886e38  # the largest float32
WHOLE_LIMIT = 2**24  # float32 holds integers up to here
MAX_CATEGORY = 200  # characters, unless training saw a longer category
KINDS: dict[str, type] = {"number": float, "integer": int, "boolean": bool, "category": str}

FLAG = core.bool_schema(strict=True)
# pandas turns a column of integers into floats when it mixes types, or holds missing values.
ANY_FLOAT = core.float_schema(strict=True, allow_inf_nan=True)
# NaN is within no bounds, not even these.
NO_NAN = core.float_schema(strict=True, allow_inf_nan=True, ge=-inf, le=inf)
FIRST = {"boolean": (FLAG,), "category": (core.str_schema(strict=True),)}
TO_NULL = core.with_default_schema(core.none_schema(), default=None, on_error="default")
NAN_AS_NULL = core.chain_schema([ANY_FLOAT, TO_NULL])


def field_type(feature: Feature) -> Any:
    """Return the annotated type of one field: strict, finite, and within the range of float32.

    A category that training has not seen is valid: the model has an answer for it. An integer may
    be written as 59.0, a boolean as 0 or 1. In a nullable field, NaN is a missing value.
    """
    kind = KINDS[feature.dtype]
    schema, description = SCHEMAS[feature.dtype](feature)
    if feature.nullable:
        schema = _nullable(schema, FIRST.get(feature.dtype, ()))
        choices = description.get("anyOf", [description])
        description = {"anyOf": [*choices, {"type": "null"}]}
    facts: dict[str, Any] = {"examples": [kind(feature.example)]}
    if kind is not bool:
        facts["description"] = f"Seen in training: {feature.seen}."
    type_ = Annotated[
        Any, GetPydanticSchema(lambda *_: schema), WithJsonSchema(description | facts)
    ]
    return NotRequired[type_] if feature.nullable else type_


def _number(_: Feature) -> tuple[CoreSchema, dict[str, Any]]:
    schema = core.float_schema(strict=True, allow_inf_nan=False, ge=-LIMIT, le=LIMIT)
    return schema, {"type": "number", "minimum": -LIMIT, "maximum": LIMIT}


def _integer(_: Feature) -> tuple[CoreSchema, dict[str, Any]]:
    schema = core.chain_schema(
        [
            core.custom_error_schema(ANY_FLOAT, custom_error_type="int_type"),
            core.float_schema(allow_inf_nan=False, ge=-WHOLE_LIMIT, le=WHOLE_LIMIT),
            core.int_schema(strict=False),  # a fraction is an error
        ]
    )
    return schema, {"type": "integer", "minimum": -WHOLE_LIMIT, "maximum": WHOLE_LIMIT}


def _boolean(_: Feature) -> tuple[CoreSchema, dict[str, Any]]:
    schema = core.union_schema(
        [FLAG, core.chain_schema([ANY_FLOAT, core.bool_schema(strict=False)])],
        mode="left_to_right",
        custom_error_type="boolean",
        custom_error_message="Input should be true or false, or 1 or 0",
    )
    return schema, {"anyOf": [{"type": "boolean"}, {"type": "integer", "enum": [0, 1]}]}


def _category(feature: Feature) -> tuple[CoreSchema, dict[str, Any]]:
    longest = max([MAX_CATEGORY, *map(len, feature.categories)])
    schema = core.str_schema(strict=True, min_length=1, max_length=longest)
    return schema, {"type": "string", "minLength": 1, "maxLength": longest}


SCHEMAS = {
    "number": _number,
    "integer": _integer,
    "boolean": _boolean,
    "category": _category,
}


def _nullable(schema: CoreSchema, first: Sequence[CoreSchema]) -> CoreSchema:
    """Return a schema that takes null, too, and NaN as null.

    Args:
        schema: of a value that is not missing; its errors are the field's.
        first: the most frequent values, if they are no numbers.
    """
    choices = [*first, NO_NAN, core.none_schema(), NAN_AS_NULL, core.any_schema()]
    return core.chain_schema(
        [core.union_schema([*choices], mode="left_to_right"), core.nullable_schema(schema)]
    )
