"""The messages of libraries that reach a client: of pydantic, and of the parsers of bodies."""

import re
from collections.abc import Iterator
from itertools import product

from pydantic_core import SchemaValidator, ValidationError, _pydantic_core, core_schema, from_json

# Each is wrong in its own way.
BAD_JSON = (
    *(b"", b"{", b"[", b'"a', b"[1,]", b"1 2", b"{1:2}", b'{"a" 1}', b'{"a":1 "b"}', b"[1 2]"),
    *(b"x", b"-Infx", b'"\x01"', rb'"\x"', rb'"\ud800"', rb'"\ud800\u0041"', b'"\xff"', b"01"),
    *(b"[" * 500, b"9" * 5_000),
)
# So is each of these, by the type that it should have; {error} in pydantic's sentences says how.
BAD_VALUES = (
    (
        core_schema.date_schema(),
        *("", "aaaa-01-01", "2020-aa-01", "2020-01-aa", "2020/01/01", "2020-13-01", "2020-01-32"),
        *("2020-01-01x", float("nan"), 1e30, -1e30),
    ),
    (
        core_schema.time_schema(),
        *("aa:00", "10:aa", "10:00:aa", "10a00", "24:00", "10:60", "10:00:60", "10:00:00.a"),
        *("10:00+", "10:00+05:a", "10:006", "10:00+05:90", "10:00+51:00", "10:00Za", 1e30, -1e30),
    ),
    (
        core_schema.timedelta_schema(),
        *("1", "/", "PTT", "P7.W3", "P1", "PT5", "9D1003:00", 1e30),
    ),
    (
        core_schema.uuid_schema(),
        *("0", "g" * 32, "0-1", "12345678-123-12345-1234-123456789012"),
    ),
    (
        core_schema.url_schema(),
        *("", "a", "http://", "http://1.1.1.256", "http://[::", "http://a:b", "http://%1.1"),
        *("a://<",),
    ),
)
# zlib's, from its sources; "Error -3 while decompressing data: " is Python's.
ZLIB = (
    *("invalid distance too far back", "incorrect data check", "incorrect header check"),
    *("incorrect length check", "unknown compression method", "invalid literal/length code"),
    *("invalid code lengths set", "invalid literal/lengths set", "invalid distances set"),
    *("invalid code -- missing end-of-block", "invalid window size", "invalid block type"),
    *("unknown header flags set", "invalid stored block lengths", "invalid distance code"),
    *("header crc mismatch", "too many length or distance symbols", "invalid bit length repeat"),
)
UTF8 = ("invalid start byte", "unexpected end of data", "invalid continuation byte")
# The csv module's; the way out of the first two depends on the Python.
NEW_LINE = "new-line character seen in unquoted field - do you need to open the file"
CSV = (
    f"{NEW_LINE} with newline=''?",
    f"{NEW_LINE} in universal-newline mode?",
    "unexpected end of data",
    "',' expected after '\"'",
    "field larger than field limit ({})",
)
STARLETTE = ("Not Found", "Method Not Allowed", "There was an error parsing the body")
# Pydantic's of Python's objects, which no request holds.
PYTHON_TYPES = (
    *("no_such_attribute", "needs_python_object", "recursion_loop", "recursion_depth_exceeded"),
    *("frozen_field", "frozen_instance", "get_attribute_error", "dataclass_type", "enum"),
    *("dataclass_exact_type", "named_tuple_type", "default_factory_not_called", "iterable_type"),
    *("iteration_error", "frozen_dict_type", "ordered_dict_type", "counter_type", "mapping_type"),
    *("deque_type", "set_item_not_hashable", "missing_sentinel_error", "ellipsis_error"),
    *("frozen_set_type", "is_instance_of", "is_subclass_of", "callable_type", "arguments_type"),
    *("missing_argument", "unexpected_keyword_argument", "missing_keyword_only_argument"),
    *("unexpected_positional_argument", "missing_positional_only_argument"),
    *("multiple_argument_values", "fraction_type", "fraction_parsing", "complex_type"),
    *("complex_str_parsing",),
)
CONTAINERS = ("List", "Dictionary", "Tuple", "Set")
LISTED = ("{expected}", "{expected_schemes}")  # several choices, of which the last follows "or"
COUNTED = "not {actual_length}"  # or more, where pydantic stops counting


def pydantic_sentences() -> Iterator[str]:
    """Yield pydantic's sentences, with {} for each value."""
    for error in _pydantic_core.list_all_errors():
        if error["type"] not in PYTHON_TYPES:
            for kind in ("python", "json"):
                if template := error.get(f"message_template_{kind}"):
                    yield from _spell(str(template))


def _spell(template: str) -> Iterator[str]:
    containers = CONTAINERS if "{field_type}" in template else ("",)
    plurals = ("", "s") if "{expected_plural}" in template else ("",)
    for container, plural in product(containers, plurals):
        sentence = template.replace("{field_type}", container)
        sentence = sentence.replace("{expected_plural}", plural)
        yield sentence
        for choices in LISTED:
            if sentence.endswith(choices):
                yield f"{sentence} or {{last}}"
        if "most" in sentence and COUNTED in sentence:
            yield sentence.replace(COUNTED, "not more than {actual_length}")


def value_sentences() -> Iterator[str]:
    """Yield what pydantic says of texts that are no date, time, duration, UUID or URL."""
    for schema, *values in BAD_VALUES:
        for value in values:
            try:
                SchemaValidator(schema).validate_python(value)
            except ValidationError as error:
                message = error.errors()[0]["ctx"]["error"]
                yield re.sub(r"`.`|\d+", "{}", message) if schema["type"] == "uuid" else message
            else:
                raise AssertionError(f"{value!r} is valid")


def parser_sentences() -> Iterator[str]:
    """Yield the sentences of parsers, and the framework's own."""
    for body in BAD_JSON:
        try:
            from_json(body)
        except ValueError as error:
            message, _, _ = str(error).rpartition(" at line ")
            yield f"{message} at line {{}} column {{}}"
        else:
            raise AssertionError(f"{body!r} is JSON")
    yield from (f"Error {{}} while decompressing data: {each}" for each in ZLIB)
    for place, each in product(("byte {} in position {}", "bytes in position {}"), UTF8):
        yield f"'utf-8' codec can't decode {place}: {each}"
    yield from CSV
    yield from STARLETTE
