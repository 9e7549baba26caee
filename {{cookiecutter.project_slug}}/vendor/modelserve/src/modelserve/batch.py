"""Predictions for a whole file, in shards if need be, without a service."""

import csv
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from pydantic_core import from_json, to_json

from .errors import InvalidInputError, MalformedError, ModelError
from .service import Service
from .serving.output_validator import OutputValidator
from .types import Prediction


@dataclass(frozen=True)
class Shard:
    """One of `count` parts of a file: the rows whose number, divided by it, leaves `index`."""

    index: int = 0
    count: int = 1


WHOLE = Shard()


@dataclass
class Tally:
    """How many rows were answered, and how many could not be."""

    answered: int = 0
    rejected: int = 0


class Line(NamedTuple):
    """A row of the input, its number from 0, and what is wrong with its spelling, if anything."""

    number: int
    content: Any
    problem: str = ""


class Batch:
    """A model that answers without a service.

    Args:
        service: its artifact, and its hooks.
    """

    def __init__(self, service: Service) -> None:
        """Load the model."""
        self._codec = service.codec
        self._model = service.load_model(service.artifact, threads=os.cpu_count() or 1)
        self._validator = OutputValidator(service.artifact.manifest.output_bounds)

    def answer(self, body: bytes, inference_id: str) -> bytes:
        """Return the response to one request's body, as the service would give it.

        Raises:
            RequestError: the body is wrong; every bad field is named.
            ModelError: an answer is not finite, or outside of its bounds.
        """
        given = self._codec.decode(body)
        prediction = Prediction(self._model.run(given.tensors), degraded=False)
        if fault := self._validator.check(prediction.outputs):
            raise ModelError(f"{fault}; look for values far outside of its training data.")
        return self._codec.encode(given, prediction, inference_id)

    def run(self, source: Path, output: Path, *, shard: Shard = WHOLE) -> Tally:
        """Write a JSON line a row to `output`; rows that are wrong go to `OUTPUT.rejected`.

        Both files are written whole or not at all.

        Args:
            source: a `.csv` file with a head, or one JSON object a line.
            output: where the predictions go, each with its row's number.
            shard: which of the rows are this process's.

        Raises:
            MalformedError: the file cannot be read, or the other cannot be written.
        """
        finals = (output, output.with_name(f"{output.name}.rejected"))
        parts = [path.with_name(f".{path.name}.part") for path in finals]
        try:
            with ExitStack() as files:
                stream = files.enter_context(source.open(encoding="utf-8-sig", newline=""))
                good, bad = (
                    files.enter_context(part.open("w", encoding="utf-8")) for part in parts
                )
                spelled = source.suffix.lower() == ".csv"
                lines = read_csv(stream) if spelled else read_json_lines(stream)
                lines = islice(lines, shard.index, None, shard.count)
                tally = self._answer_lines(lines, good, bad, spelled=spelled)
            for part, final in zip(parts, finals, strict=True):
                part.replace(final)
            if not tally.rejected:
                finals[1].unlink()
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise MalformedError(f"{source} cannot be turned into {output}: {error}") from error
        finally:
            for part in parts:
                part.unlink(missing_ok=True)
        return tally

    def _answer_lines(
        self, lines: Iterator[Line], good: TextIO, bad: TextIO, *, spelled: bool
    ) -> Tally:
        tally = Tally()
        while chunk := list(islice(lines, self._codec.inputs.chunk)):
            accepted, problems = self._sort_out(chunk, spelled=spelled)
            answers, invalid = self._answer_rows(accepted) if accepted else ({}, {})
            problems |= invalid
            for number, answer in answers.items():
                good.write(f'{{"row":{number},{answer[1:]}\n')
            for number, reasons in sorted(problems.items()):
                bad.write(to_json({"row": number, "problems": reasons}).decode() + "\n")
            tally.answered += len(answers)
            tally.rejected += len(problems)
        return tally

    def _answer_rows(
        self, rows: Mapping[int, Mapping[str, Any]]
    ) -> tuple[dict[int, str], dict[int, list[str]]]:
        """Return the answers as JSON, and what is wrong with the others, by the rows' numbers."""
        numbers = list(rows)
        given = self._codec.gather(list(rows.values()))
        outputs = self._model.run(given.tensors)
        reasons = self._validator.reasons(outputs)
        invalid = {numbers[i]: [reason] for i, reason in enumerate(reasons) if reason}
        valid = [i for i, reason in enumerate(reasons) if not reason]
        asked = [given.asked[i] for i in valid] if given.asked else ()
        answers = self._codec.answers(
            given._replace(asked=asked), Prediction(outputs[valid], degraded=False)
        )
        told = defaultdict(list)
        for each in given.warnings:
            row, _, field = each.pointer[1:].partition("/")
            told[int(row)].append(f"{field}: {each.detail}")
        return {
            numbers[i]: f'{answer[:-1]},"warnings":{to_json(told[i]).decode()}}}'
            if i in told
            else answer
            for i, answer in zip(valid, answers, strict=True)
        }, invalid

    def _sort_out(
        self, lines: list[Line], *, spelled: bool
    ) -> tuple[dict[int, Mapping[str, Any]], dict[int, list[str]]]:
        """Return the rows that are right, and what is wrong with the others, by their numbers."""
        problems = {line.number: [line.problem] for line in lines if line.problem}
        readable = [line for line in lines if not line.problem]
        parse = self._codec.inputs.parse
        try:
            rows = parse([line.content for line in readable], text=spelled)
        except InvalidInputError as error:
            for field_error in error.errors:
                index, _, field = field_error.pointer[1:].partition("/")
                reason = f"{field}: {field_error.detail}" if field else field_error.detail
                problems.setdefault(readable[int(index)].number, []).append(reason)
            readable = [line for line in readable if line.number not in problems]
            rows = parse([line.content for line in readable], text=spelled)
        return {line.number: row for line, row in zip(readable, rows, strict=True)}, problems


def read_csv(stream: TextIO) -> Iterator[Line]:
    """Yield the rows under the head, each a mapping of the head's names to text."""
    for number, row in enumerate(csv.DictReader(stream, restkey="", restval="")):
        yield Line(number, row, "more values than the head has names" if "" in row else "")


def read_json_lines(stream: TextIO) -> Iterator[Line]:
    """Yield one value a line; empty lines are passed over."""
    for number, text in enumerate(line for line in stream if line.strip()):
        try:
            yield Line(number, from_json(text))
        except ValueError as error:
            yield Line(number, None, f"no JSON: {error}")
