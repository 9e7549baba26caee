"""Names what is wrong with a request for rows, in bounded time whatever its body holds."""

from collections.abc import Callable, Collection, Sequence
from itertools import islice
from typing import Any

from pydantic import ValidationError
from pydantic_core import from_json, to_json

from ..errors import FieldError, InvalidInputError, MalformedError, RequestError
from ..types import Rows
from .inputs import Inputs
from .problems import LISTED
from .schemas import EXPLAIN, INSTANCES, PARAMETERS, json_fault, request_error

SMALL_BYTES = 16_384  # a body of this size is validated in a few milliseconds, whatever it holds
VALUES_PER_ROW = 64  # that a row may hold at least, with fields that the model does not have
VALUES_BESIDE_ROWS = 1_000
JSON_MARKS = (b",", b"[", b"{")
CSV_MARKS = (b",", b"\n", b"\r")
WIDE = 50  # fields of a row
MOST_AT_ONCE = 10  # rows that are validated together


def most_values(fields: int, max_rows: int) -> int:
    """Return how many values a request may hold: twice those of rows that are complete."""
    return VALUES_BESIDE_ROWS + max_rows * max(VALUES_PER_ROW, 2 * (fields + 1))


def check_values(
    body: bytes,
    limit: int,
    *,
    marks: Sequence[bytes] = JSON_MARKS,
    max_rows: int = 0,
    member: str = INSTANCES,
) -> None:
    """Reject a body with many more values than a request needs, before it is parsed.

    A million empty lists, or a hundred thousand unknown fields, would take a second to validate.
    Only marks are counted: first everywhere, then outside of texts.

    Args:
        body: may be malformed.
        limit: number of values.
        marks: that stand beside each value.
        max_rows: as `too_many_values`.
        member: as `too_many_values`.

    Raises:
        InvalidInputError: there are more.
    """
    if sum(map(body.count, marks)) <= limit:
        return
    bare = body
    if marks is JSON_MARKS:  # CSV writes a quote in a text as two
        bare = body.replace(rb"\\", b"").replace(rb"\"", b"")
    many_texts = bare.count(b'"') > 4 * limit  # each value has at most two: its name and itself
    if many_texts or sum(map(b"".join(bare.split(b'"')[::2]).count, marks)) > limit:
        raise too_many_values(limit, max_rows=max_rows, member=member)


def too_many_values(limit: int, *, max_rows: int = 0, member: str = INSTANCES) -> InvalidInputError:
    """Return the error of a body with more values than a request needs.

    Args:
        limit: number of values.
        max_rows: that one request may carry; 0 where the body is not of rows.
        member: of the body, with the rows.
    """
    if not max_rows:
        return InvalidInputError([FieldError("", f"holds more than {limit} values")])
    return InvalidInputError(
        [
            FieldError(
                f"/{member}",
                f"holds more than {limit} values; should have 1 to {max_rows} rows (MAX_ROWS)",
            )
        ]
    )


def wrong_row_count(count: int, max_rows: int, *, complete: bool) -> InvalidInputError:
    """Return the error of a body with no row, or with too many.

    Args:
        count: of its rows.
        max_rows: that one request may carry.
        complete: whether all rows were counted.
    """
    rest = "" if complete else " or more"
    return InvalidInputError(
        [FieldError(f"/{INSTANCES}", f"{count}{rest} rows; should be 1 to {max_rows} (MAX_ROWS)")]
    )


def parse_rows(inputs: Inputs, rows: Sequence[Any], *, text: bool = False) -> Rows:
    """Return validated rows; stop after the first hundred problems.

    Args:
        inputs: parses rows, and names every problem of those that it is given.
        rows: as they were read.
        text: whether values are spelled, as in CSV.

    Raises:
        InvalidInputError: rows are invalid; each pointer begins with the row's number.
    """
    parsed: list[Any] = []
    problems: list[FieldError] = []
    size = max(1, min(MOST_AT_ONCE, LISTED // len(inputs.features)))
    for start in range(0, len(rows), size):
        try:
            parsed += inputs.parse(rows[start : start + size], text=text)
        except InvalidInputError as error:
            problems += [_move(each, start) for each in error.errors]
        if len(problems) > LISTED:
            raise InvalidInputError(problems[:LISTED], complete=False)
    if problems:
        raise InvalidInputError(problems)
    return parsed


def validate_wide(body: bytes, validate: Callable[[Any], Any], inputs: Inputs) -> Any:
    """Return the content of a body for rows of many fields, which is validated once it is parsed.

    While pydantic parses, each missing field costs a copy of its row, with all that it holds.

    Args:
        body: of the request.
        validate: raises ValidationError for a parsed body that is not of the request's type.
        inputs: the fields.

    Raises:
        MalformedError: the body is not JSON.
        ValidationError: as `validate`.
    """
    content = _parse(body)
    if isinstance(content, dict) and isinstance(rows := content.get(INSTANCES), list):
        prune_rows(rows, inputs)
    return validate(content)


def name_problems(
    body: bytes, validate: Callable[[Any], Any], inputs: Inputs, *, max_rows: int
) -> RequestError:
    """Return the error of a body that the validator rejected.

    The validator stops at the first invalid row, and pydantic lists all problems or none: so rows
    are validated again, a few at a time, without most of the fields that they should not have.

    Args:
        body: of the request.
        validate: raises ValidationError for a parsed body that is not of the request's type.
        inputs: parses rows.
        max_rows: that one request may carry.
    """
    try:
        content = _parse(body)
    except MalformedError as error:
        return error
    problems: list[FieldError] = []
    complete = True
    if not isinstance(content, dict):
        content = {}
    complete = not _prune(content, (INSTANCES, EXPLAIN, PARAMETERS))
    rows = content.get(INSTANCES)
    if not isinstance(rows, list):
        problems.append(_no_rows(inputs))
    elif not 1 <= len(rows) <= max_rows:
        problems += wrong_row_count(len(rows), max_rows, complete=True).errors
    else:
        try:
            parse_rows(inputs, prune_rows(rows, inputs))
        except InvalidInputError as error:
            complete = complete and error.complete
            problems += [_place(each) for each in error.errors]
    content[INSTANCES] = [inputs.example()]  # what remains are other problems
    try:
        validate(content)
    except ValidationError as error:
        other = request_error(error.errors(include_url=False))
        if isinstance(other, InvalidInputError):
            problems += other.errors
    return InvalidInputError(problems, complete=complete)


def _no_rows(inputs: Inputs) -> FieldError:
    """Return the error of a body that is a row, or rows, instead of one that holds them."""
    name = to_json(inputs.features[0].name).decode()
    return FieldError(
        f"/{INSTANCES}", f'should be a list of rows, as in {{"instances": [{{{name}: …}}]}}'
    )


def prune_rows(rows: list[Any], inputs: Inputs) -> list[Any]:
    """Return rows without most of the fields that the model does not have."""
    names = {feature.name for feature in inputs.features}
    for row in rows:
        if isinstance(row, dict):
            _prune(row, names)
    return rows


def _parse(body: bytes) -> Any:
    try:
        return from_json(body)
    except ValueError as error:
        fault = json_fault(body, error)
        raise MalformedError(f"The body is no valid JSON: {fault}.") from error


def _move(field_error: FieldError, start: int) -> FieldError:
    """Return the error of a row in a chunk as one of the row in the request."""
    index, slash, field = field_error.pointer[1:].partition("/")
    return FieldError(f"/{int(index) + start}{slash}{field}", field_error.detail)


def _place(field_error: FieldError) -> FieldError:
    """Return the error of a row as one of the body."""
    return FieldError(f"/{INSTANCES}{field_error.pointer}", field_error.detail)


def _prune(content: dict[str, Any], names: Collection[str]) -> bool:
    """Remove all unknown fields but the first few; return whether there were more."""
    unknown = (each for each in content if each not in names)
    superfluous = list(islice(unknown, LISTED + 1, None))
    for name in superfluous:
        del content[name]
    return bool(superfluous)
