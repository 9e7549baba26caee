"""Turn the rows of a chunk into tensors, and name what is wrong with each of the others."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from pydantic_core import to_json

from ..errors import FieldError, InvalidInputError
from ..service import Service
from ..serving.preprocessing import split_pointer
from ..types import ModelInput
from .decoder import ColumnDecoder
from .tables import FILE, ROW, Chunk

EMPTY = '""'  # the name of a column of pandas' index
Problems = dict[int, list[str]]
Result = TypeVar("Result")


class GatheredRows(NamedTuple):
    """The valid rows of a chunk by their positions, their tensors, and the others' problems."""

    positions: Sequence[int]
    given: ModelInput | None
    problems: Problems


class RowGatherer:
    """Gathers whole columns where every cell is plain and no hook needs rows, or else rows.

    Args:
        service: the artifact and the project's hooks.
    """

    def __init__(self, service: Service) -> None:
        """Note whether columns will do."""
        self._codec = service.codec
        manifest = service.artifact.manifest
        hooks = service.overrides("preprocess") or service.overrides("postprocess")
        plain = manifest.modality == "table" and not hooks
        self._decoder = ColumnDecoder(manifest.features) if plain else None

    def gather(self, chunk: Chunk) -> GatheredRows:
        """Return the tensors of all rows that are valid, and that `preprocess` accepts."""
        if self._decoder and chunk.columns is not None and not chunk.problems:
            given = self._decoder.decode(chunk.columns, len(chunk.numbers))
            if given:
                return GatheredRows(range(given.rows), given, {})
        return self.gather_rows(chunk)

    def gather_rows(self, chunk: Chunk) -> GatheredRows:
        """Return the same row by row, with every problem of every other row."""
        problems = {i: [problem] for i, problem in chunk.problems.items()}
        rows = {i: row for i, row in enumerate(chunk.rows()) if i not in problems}
        text = chunk.columns is not None
        positions, parsed, invalid = _separate(
            lambda rows: self._codec.inputs.parse(rows, text=text), rows
        )
        whole = dict(zip(positions, parsed or (), strict=True))
        positions, given, refused = _separate(self._codec.gather, whole)
        return GatheredRows(positions, given, problems | invalid | refused)


def _separate(
    convert: Callable[[list[Any]], Result], rows: Mapping[int, Any]
) -> tuple[list[int], Result | None, Problems]:
    """Return the positions of the rows that can be converted, the result, and the problems."""
    problems: Problems = {}
    try:
        return list(rows), convert(list(rows.values())) if rows else None, problems
    except InvalidInputError as error:
        problems = _name_problems(error, list(rows))
    kept = {i: row for i, row in rows.items() if i not in problems}
    return list(kept), convert(list(kept.values())) if kept else None, problems


def _name_problems(error: InvalidInputError, positions: Sequence[int]) -> Problems:
    """Return what is wrong with rows by their positions; pointers begin with a row's index.

    Raises:
        ModelError: `preprocess` rejected something else than a row of its.
    """
    problems: Problems = {}
    for each in error.errors:
        index, field = split_pointer(each.pointer, len(positions))
        reason = each.detail if field is None else f"{field or EMPTY}: {each.detail}"
        problems.setdefault(positions[index], []).append(reason)
    return problems


def problem_lines(chunk: Chunk, problems: Problems) -> Iterator[bytes]:
    """Yield a line of JSON for each rejected row: its number, its line if any, and why."""
    lines = chunk.lines() if chunk.lines else None
    file = {FILE: chunk.file} if chunk.file else {}
    for i, reasons in sorted(problems.items()):
        line = {"line": lines[i]} if lines else {}
        yield to_json({**file, ROW: chunk.numbers[i], **line, "problems": reasons}) + b"\n"


def take_rows(given: ModelInput, valid: Sequence[int]) -> ModelInput:
    """Return some rows of an input."""
    places = {row: i for i, row in enumerate(valid)}
    return given._replace(
        tensors={name: values[valid] for name, values in given.tensors.items()},
        rows=len(valid),
        asked=[given.asked[i] for i in valid] if given.asked else (),
        characters=[given.characters[i] for i in valid] if given.characters else (),
        warnings=[
            FieldError(f"/{places[int(row)]}/{name}", each.detail)
            for each in given.warnings
            for row, _, name in [each.pointer[1:].partition("/")]
            if int(row) in places
        ],
    )
