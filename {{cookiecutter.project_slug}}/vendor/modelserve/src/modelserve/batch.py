"""Predict for a whole file, or for a shard of it, without HTTP."""

import csv
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from pydantic_core import from_json, to_json

from .errors import InvalidInputError, MalformedError, ModelError
from .service import Service
from .serving.output_validator import OutputValidator
from .serving.verification import load_verified
from .types import ModelInput, Prediction, Row


@dataclass(frozen=True)
class Shard:
    """One of `count` parts of a file: the rows whose number modulo `count` is `index`."""

    index: int = 0
    count: int = 1


WHOLE = Shard()


@dataclass
class BatchCounts:
    """How many rows were answered and rejected."""

    answered: int = 0
    rejected: int = 0


class Line(NamedTuple):
    """A row of the input, its number from 0, and why it cannot be parsed, if so."""

    number: int
    content: Any
    problem: str = ""


class BatchPredictor:
    """A model that predicts without HTTP.

    Args:
        service: the artifact and the project's hooks.
    """

    def __init__(self, service: Service) -> None:
        """Load the model."""
        self._codec = service.codec
        self._model = load_verified(service, threads=os.cpu_count() or 1)
        manifest = service.artifact.manifest
        self._validator = OutputValidator(
            manifest.output_bounds, probabilities=bool(manifest.labels)
        )

    def answer(self, body: bytes, inference_id: str) -> bytes:
        """Return the body of the response to one request's body.

        Args:
            body: in the format of /predict.
            inference_id: of the response.

        Raises:
            RequestError: the body is invalid; every invalid field is named.
            ModelError: an output is not finite, or out of its bounds.
        """
        given = self._codec.decode(body)
        prediction = Prediction(self._model.run(given.tensors), degraded=False)
        if fault := self._validator.check(prediction.outputs):
            raise ModelError(f"{fault}; look for values far outside of its training data.")
        return self._codec.encode(given, prediction, inference_id)

    def run(self, source: Path, output: Path, *, shard: Shard = WHOLE) -> BatchCounts:
        """Write a JSON line for each row to `output`; invalid rows go to `OUTPUT.rejected`.

        Both files are written completely, or not at all.

        Args:
            source: a `.csv` file with a header, or a file with a JSON object a line.
            output: for the predictions, each with its row's number.
            shard: the rows of this process.

        Raises:
            MalformedError: `source` cannot be read, or `output` cannot be written.
        """
        outputs = (output, output.with_name(f"{output.name}.rejected"))
        parts = [path.with_name(f".{path.name}.part") for path in outputs]
        try:
            with ExitStack() as files:
                stream = files.enter_context(source.open(encoding="utf-8-sig", newline=""))
                answered, rejected = (
                    files.enter_context(part.open("w", encoding="utf-8")) for part in parts
                )
                is_csv = source.suffix.lower() == ".csv"
                lines = read_csv(stream) if is_csv else read_json_lines(stream)
                lines = islice(lines, shard.index, None, shard.count)
                counts = self._answer_lines(lines, answered, rejected, text=is_csv)
            for part, final in zip(parts, outputs, strict=True):
                part.replace(final)
            if not counts.rejected:
                outputs[1].unlink()
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise MalformedError(f"{source} cannot be answered into {output}: {error}") from error
        finally:
            for part in parts:
                part.unlink(missing_ok=True)
        return counts

    def _answer_lines(
        self, lines: Iterator[Line], answered: TextIO, rejected: TextIO, *, text: bool
    ) -> BatchCounts:
        counts = BatchCounts()
        while chunk := list(islice(lines, self._codec.inputs.chunk)):
            rows, problems = self._parse(chunk, text=text)
            answers, invalid = self._answer_rows(rows) if rows else ({}, {})
            problems |= invalid
            for number, answer in answers.items():
                answered.write(f'{{"row":{number},{answer[1:]}\n')
            for number, reasons in sorted(problems.items()):
                rejected.write(to_json({"row": number, "problems": reasons}).decode() + "\n")
            counts.answered += len(answers)
            counts.rejected += len(problems)
        return counts

    def _answer_rows(self, rows: Mapping[int, Row]) -> tuple[dict[int, str], dict[int, list[str]]]:
        """Return the answers as JSON, and the problems of all other rows, by the rows' numbers."""
        rows, given, rejected = self._gather(rows)
        if given is None:
            return {}, rejected
        numbers = list(rows)
        outputs = self._model.run(given.tensors)
        reasons = self._validator.reasons(outputs)
        invalid = {numbers[i]: [reason] for i, reason in enumerate(reasons) if reason}
        invalid |= rejected
        valid = [i for i, reason in enumerate(reasons) if not reason]
        asked = [given.asked[i] for i in valid] if given.asked else ()
        answers = self._codec.answers(
            given._replace(asked=asked), Prediction(outputs[valid], degraded=False)
        )
        warnings = defaultdict(list)
        for each in given.warnings:
            row, _, field = each.pointer[1:].partition("/")
            warnings[int(row)].append(f"{field}: {each.detail}")
        return {
            numbers[i]: f'{answer[:-1]},"warnings":{to_json(warnings[i]).decode()}}}'
            if i in warnings
            else answer
            for i, answer in zip(valid, answers, strict=True)
        }, invalid

    def _gather(
        self, rows: Mapping[int, Row]
    ) -> tuple[Mapping[int, Row], ModelInput | None, dict[int, list[str]]]:
        """Return the rows that `preprocess` accepts, their tensors, and the others' problems."""
        problems: dict[int, list[str]] = {}
        try:
            return rows, self._codec.gather(list(rows.values())), problems
        except InvalidInputError as error:
            problems = _problems(error, list(rows))
        kept = {number: row for number, row in rows.items() if number not in problems}
        return kept, self._codec.gather(list(kept.values())) if kept else None, problems

    def _parse(
        self, lines: list[Line], *, text: bool
    ) -> tuple[dict[int, Row], dict[int, list[str]]]:
        """Return the valid rows, and the problems of all other rows, by the rows' numbers."""
        problems = {line.number: [line.problem] for line in lines if line.problem}
        readable = [line for line in lines if not line.problem]
        parse = self._codec.inputs.parse
        try:
            rows = parse([line.content for line in readable], text=text)
        except InvalidInputError as error:
            problems |= _problems(error, [line.number for line in readable])
            readable = [line for line in readable if line.number not in problems]
            rows = parse([line.content for line in readable], text=text)
        return {line.number: row for line, row in zip(readable, rows, strict=True)}, problems


def _problems(error: InvalidInputError, numbers: Sequence[int]) -> dict[int, list[str]]:
    """Return what is wrong with rows by their numbers; pointers begin with a row's index."""
    problems: dict[int, list[str]] = {}
    for each in error.errors:
        index, slash, field = each.pointer[1:].partition("/")
        name = field or '""'  # a column of pandas' index
        reason = f"{name}: {each.detail}" if slash else each.detail
        problems.setdefault(numbers[int(index)], []).append(reason)
    return problems


def read_csv(stream: TextIO) -> Iterator[Line]:
    """Yield the rows below the header, each a mapping of the header's names to text."""
    for number, row in enumerate(csv.DictReader(stream, restval="")):
        # pandas writes its index under an empty name: only None stands for a missing name.
        yield Line(number, row, "more values than the header has names" if None in row else "")


def read_json_lines(stream: TextIO) -> Iterator[Line]:
    """Yield a value for each line; skip empty lines."""
    for number, text in enumerate(line for line in stream if line.strip()):
        try:
            yield Line(number, from_json(text))
        except ValueError as error:
            yield Line(number, None, f"not JSON: {error}")
