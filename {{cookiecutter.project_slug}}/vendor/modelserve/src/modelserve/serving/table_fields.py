"""The type of a table's field: strict, except for how data frames write some values."""

from collections.abc import Collection, Sequence
from math import inf
from typing import Annotated, Any, NotRequired

from pydantic import GetPydanticSchema, WithJsonSchema
from pydantic_core import CoreSchema
from pydantic_core import core_schema as core

from ..manifest import Feature
from .schemas import STANDS_FOR_MISSING

LIMIT = 3.4028234663852886e38  # the largest float32
WHOLE_LIMIT = 2**24  # float32 holds integers up to here
MAX_CATEGORY = 200  # characters, unless training saw a longer category
KINDS: dict[str, type] = {"number": float, "integer": int, "boolean": bool, "category": str}

FLAG = core.bool_schema(strict=True)
TEXT = core.str_schema(strict=True)
# pandas turns a column of integers into floats when it mixes types, or holds missing values.
ANY_FLOAT = core.float_schema(strict=True, allow_inf_nan=True)
# NaN is within no bounds, not even these.
NO_NAN = core.float_schema(strict=True, allow_inf_nan=True, ge=-inf, le=inf)


def _replaced(schema: CoreSchema, value: object) -> CoreSchema:
    """Return a schema of the same values, all of which become another one."""
    other = core.with_default_schema(core.none_schema(), default=value, on_error="default")
    return core.chain_schema([schema, other])


NAN_AS_NULL = _replaced(ANY_FLOAT, None)


def field_type(feature: Feature, missing: Collection[str] = ("",)) -> Any:
    """Return the annotated type of one field: strict, finite, and within the range of float32.

    A category that training has not seen is valid: the model has an answer for it. An integer may
    be written as 59.0, a boolean as 0 or 1. In a nullable field, NaN is a missing value.

    Args:
        feature: as training saw it.
        missing: the texts that stand for a missing category.
    """
    kind = KINDS[feature.dtype]
    schema, description = SCHEMAS[feature.dtype](feature)
    if feature.dtype == "category":
        schema, description = _with_missing(schema, description, feature, missing)
    elif feature.nullable:
        schema = _nullable(schema, [FLAG] if kind is bool else [])
    if feature.nullable:
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


def _with_missing(
    schema: CoreSchema, description: dict[str, Any], feature: Feature, missing: Collection[str]
) -> tuple[CoreSchema, dict[str, Any]]:
    """Return a category's schema in which some texts are null, or an error if that is none."""
    # Known categories come first, for the time that the others take.
    known = [core.literal_schema([*feature.categories])] if feature.categories else []
    if feature.nullable:
        gaps = _replaced(core.literal_schema([*missing]), None)
        described = {name: fact for name, fact in description.items() if name != "minLength"}
        return _nullable(schema, [*known, gaps, TEXT]), described
    words = [each for each in missing if each]  # an empty text is too short
    if not words:
        return schema, description
    gaps = _replaced(core.literal_schema(words), STANDS_FOR_MISSING)
    choices = core.union_schema([*known, gaps, core.any_schema()], mode="left_to_right")
    return core.chain_schema([choices, schema]), description


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
