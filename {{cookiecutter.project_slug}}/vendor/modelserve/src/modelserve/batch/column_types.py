"""The types of a table's columns, as pyarrow has them, and values in them without any loss."""

# pylint: disable=import-outside-toplevel
from collections.abc import Mapping, Sequence
from decimal import Decimal
from math import isnan
from typing import Any

from pydantic_core import to_json

from ..errors import ConfigurationError, MalformedError
from .tables import ABSENT, Columns
from .writers import flatten

Types = Mapping[str, Any]

# Python's types of values that stay what they are in a column of a type.
PLAIN = {"string": str, "int64": int, "double": float, "bool": bool}
UNFIT = (ValueError, TypeError, OverflowError, NotImplementedError)  # pyarrow's are of these
LONGEST = 60  # characters of a name or a value in an error


def load_pyarrow() -> Any:
    """Return pyarrow.

    Raises:
        ConfigurationError: it is not installed.
    """
    try:
        import pyarrow.parquet
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"{error.name} is not installed, which Parquet needs; in pyproject.toml, add parquet "
            "to the brackets behind modelserve, or use a .csv or .jsonl file."
        ) from error
    return pyarrow


def infer_types(columns: Columns) -> Types:
    """Return the types of columns: of values of several types, that of the first one."""
    return {name: _infer(values) for name, values in columns.items()}


def answer_types(example: str, *, texts: Sequence[str]) -> Types:
    """Return the types of an answer's columns: a number may have a fraction, 151 as well.

    Args:
        example: an answer, as JSON.
        texts: further columns, which hold lists of texts.
    """
    arrow = load_pyarrow()
    types = {
        name: arrow.string() if isinstance(value, str) else arrow.float64()
        for name, (value,) in flatten([example]).items()
    }
    return types | dict.fromkeys(texts, arrow.list_(arrow.string()))


def unify_types(known: Types, others: Types) -> Types:
    """Return the types that hold the values of both, column by column.

    Raises:
        MalformedError: there is none for a column.
    """
    unified = {**known}
    for name, type_ in others.items():
        unified[name] = unify(known[name], type_) if name in known else type_
        if unified[name] is None:
            raise MalformedError(
                f"its column {name[:LONGEST]!r} is of type {type_}, and in the files before it of "
                f"type {known[name]}, and a column of Parquet has one type; set --format jsonl or "
                "csv, or --keep none."
            )
    return unified


def unify(one: Any, other: Any) -> Any:
    """Return the type that holds the values of two types; None if there is none."""
    arrow = load_pyarrow()
    schemas = [arrow.schema([("", type_)]) for type_ in (one, other)]
    try:
        return arrow.unify_schemas(schemas, promote_options="permissive").field(0).type
    except UNFIT:
        return None


def is_unknown(type_: Any) -> bool:
    """Return whether a type is that of no value, or of objects without fields."""
    types = load_pyarrow().types
    return bool(types.is_null(type_) or (types.is_struct(type_) and not type_.num_fields))


def settle(type_: Any) -> Any:
    """Return a type with texts in the place of what has no type, as no value is known."""
    arrow = load_pyarrow()
    if is_unknown(type_):
        return arrow.string()
    if arrow.types.is_list(type_):
        return arrow.list_(settle(type_.value_type))
    if arrow.types.is_struct(type_):
        return arrow.struct([each.with_type(settle(each.type)) for each in type_])
    return type_


def as_text(value: Any) -> str | None:
    """Return a value of JSON as a text: a text as it is, anything else as JSON has it."""
    if value is None or isinstance(value, str):
        return value
    return to_json(value, inf_nan_mode="constants").decode()


def convert(values: Sequence[Any], type_: Any) -> Any:
    """Return values as an array of a type; None if the type does not hold one of them."""
    arrow = load_pyarrow()
    kinds = {*map(type, values)} - {type(None)}
    stored = values
    if Decimal in kinds and arrow.types.is_floating(type_):
        stored = [float(value) if isinstance(value, Decimal) else value for value in values]
    try:
        array = arrow.array(stored, type_)
        plain = kinds <= {PLAIN.get(str(type_))}
        return array if plain or all(map(_is_same, values, array.to_pylist())) else None
    except UNFIT:
        return None


def describe(value: Any) -> str:
    """Return a value and its type, for an error."""
    return f"{_infer([value])} ({repr(value)[:LONGEST]})"


def _infer(values: Sequence[Any]) -> Any:
    arrow = load_pyarrow()
    present = [value for value in values if value is not ABSENT and value is not None]
    for some in (present, present[:1]):
        try:
            return arrow.array(some).type
        except UNFIT:
            continue
    return arrow.null()


def _is_same(given: Any, stored: Any) -> bool:
    """Return whether a value is what was given; an object's fields that lack are null."""
    if isinstance(given, Mapping):
        return (
            isinstance(stored, Mapping)
            and given.keys() <= stored.keys()
            and all(_is_same(given.get(name), value) for name, value in stored.items())
        )
    if isinstance(given, list):
        return (
            isinstance(stored, list)
            and len(given) == len(stored)
            and all(map(_is_same, given, stored))
        )
    if isinstance(given, Decimal) and isinstance(stored, float):
        return given == Decimal(repr(stored))
    if isinstance(given, float) and isnan(given):
        return isinstance(stored, float) and isnan(stored)
    return isinstance(given, bool) == isinstance(stored, bool) and bool(given == stored)
