"""Answer requests, and whole files, without HTTP."""

import csv
import time
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
from pydantic_core import from_json, to_json

from .. import processors
from ..answers import LABEL, VALUE
from ..errors import FieldError, MalformedError, ModelError
from ..file_formats import FileFormat
from ..service import Service
from ..serving.output_validator import OutputValidator
from ..serving.verification import load_verified
from ..types import ModelInput, Outputs, Prediction
from .csv_source import CsvSource
from .gathering import Problems, RowGatherer
from .json_source import JsonLinesSource
from .streams import (
    STANDARD,
    TAB,
    TABS,
    InputStream,
    OutputFiles,
    open_input,
    output_format,
    suffix_of,
)
from .summary import BatchCounts
from .tables import ABSENT, ROW, AnsweredRows, Chunk, Columns, Keep, Shard, Source, select
from .writers import AnswerWriter, CsvWriter, JsonLinesWriter, TableLayout, flatten

Further = Callable[[ModelInput, Outputs], Sequence[Any]]
Watch = Callable[[BatchCounts, float | None], None]

WHOLE = Shard()
WARNINGS = "warnings"


class BatchPredictor:
    """A model that predicts without HTTP.

    Args:
        service: the artifact and the project's hooks.
        further: functions that add a field to each answer of a file, by the field's name; each
            gets the tensors and the model's outputs for some rows.
    """

    def __init__(self, service: Service, *, further: Mapping[str, Further] | None = None) -> None:
        """Load the model."""
        self._codec = service.codec
        self._model = load_verified(service, threads=processors.whole(processors.available()))
        self._manifest = service.artifact.manifest
        self._validator = OutputValidator(
            self._manifest.output_bounds, probabilities=bool(self._manifest.labels)
        )
        self._further = dict(further or {})
        self._gatherer = RowGatherer(service)
        self._postprocessed = service.overrides("postprocess")

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

    def run(
        self,
        source: Path,
        output: Path,
        *,
        shard: Shard = WHOLE,
        keep: Keep = "others",
        watch: Watch | None = None,
    ) -> BatchCounts:
        """Write an answer for each row to `output`; invalid rows go to `OUTPUT.rejected`.

        Both files are written completely, or not at all.

        Args:
            source: a CSV file with a header, a file with a JSON object a line, or a Parquet file.
            output: for the predictions, each with its row's number; its suffix is its format.
            shard: the rows of this process.
            keep: the columns of the source that the output repeats: `others` are those that the
                model does not have.
            watch: called after each chunk, with the share of the source that was read.

        Raises:
            MalformedError: `source` cannot be read, or `output` cannot be written.
            ConfigurationError: a library for the files' format is missing.
        """
        files = OutputFiles(output)
        try:
            if STANDARD not in (source, output) and output.exists() and output.samefile(source):
                raise MalformedError("they are the same file.")
            with open_input(source, self._manifest.data.dialect.format) as stream:
                rows = self._open_source(stream, keep)
                with files.open() as (answered, rejected):
                    format_ = output_format(output, stream.format)
                    writer = self._open_writer(answered, output, format_, rows)
                    counts = self._answer_file(rows, writer, rejected, shard, watch)
                    writer.close()
        except (OSError, EOFError, UnicodeError, csv.Error, zlib.error, MalformedError) as error:
            raise MalformedError(f"{source} cannot be answered into {output}: {error}") from error
        return counts

    def _open_source(self, stream: InputStream, keep: Keep) -> Source:
        if stream.format == "csv":
            return CsvSource(stream, self._manifest, keep=keep)
        if stream.format == "jsonl":
            return JsonLinesSource(stream, self._manifest, keep=keep)
        from .parquet import ParquetSource  # pylint: disable=import-outside-toplevel

        return ParquetSource(stream, self._manifest, keep=keep)

    def _open_writer(
        self, stream: IO[bytes], path: Path, format_: FileFormat, rows: Source
    ) -> AnswerWriter:
        further = [*([WARNINGS] if self._manifest.modality == "text" else []), *self._further]
        example = self._example()
        if format_ == "jsonl":
            fields = [*from_json(example), WARNINGS, *further]
            return JsonLinesWriter(stream, fields, vary=self._postprocessed)
        layout = TableLayout(rows.kept, [*flatten([example]), *further])
        if format_ == "csv":
            dialect = self._manifest.data.dialect
            separator = TAB if suffix_of(path) == TABS else dialect.separator[0]
            return CsvWriter(stream, layout, separator=separator, decimal=dialect.decimal)
        from .parquet import ParquetWriter  # pylint: disable=import-outside-toplevel

        return ParquetWriter(stream, layout)

    def _example(self) -> str:
        """Return the fallback as an answer, for the names of its fields."""
        outputs = np.asarray([self._manifest.fallback], dtype=np.float32)
        (answer,) = self._codec.outputs.rows(Prediction(outputs, degraded=False))
        return answer

    def _answer_file(
        self,
        rows: Source,
        writer: AnswerWriter,
        rejected: IO[bytes],
        shard: Shard,
        watch: Watch | None,
    ) -> BatchCounts:
        counts, started = BatchCounts(absent=rows.absent), time.perf_counter()
        for chunk in rows.chunks(self._codec.inputs.chunk, shard):
            problems = self._answer_chunk(chunk, writer, counts)
            if problems:
                rejected.writelines(_reject(chunk, problems))
            counts.rejected += len(problems)
            counts.seconds = time.perf_counter() - started
            if watch:
                watch(counts, rows.progress())
        return counts

    def _answer_chunk(self, chunk: Chunk, writer: AnswerWriter, counts: BatchCounts) -> Problems:
        """Write the answers; return the problems of all other rows, by their positions."""
        positions, given, problems = self._gatherer.gather(chunk)
        if given is None:
            return problems
        outputs = self._model.run(given.tensors)
        if self._validator.check(outputs):
            reasons = self._validator.reasons(outputs)
            problems |= {positions[i]: [reason] for i, reason in enumerate(reasons) if reason}
            valid = [i for i, reason in enumerate(reasons) if not reason]
            given, outputs = _take(given, valid), outputs[valid]
            positions = [positions[i] for i in valid]
            if not valid:
                return problems
        prediction = Prediction(outputs, degraded=False)
        answers = self._codec.answers(given, prediction)
        counts.add(self._main_field(answers, prediction), self._manifest.labels)
        inputs = self._codec.inputs
        counts.out_of_range += int(inputs.out_of_range(inputs.observe([given])).sum())
        whole = len(positions) == len(chunk.numbers)
        numbers = chunk.numbers if whole else [chunk.numbers[i] for i in positions]
        kept = select(chunk.kept, positions, len(chunk.numbers))
        writer.write(AnsweredRows(numbers, kept, answers, self._add_fields(given, outputs)))
        return problems

    def _main_field(self, answers: Sequence[str], prediction: Prediction) -> Sequence[Any]:
        """Return the label or the value of each answer."""
        name = LABEL if self._manifest.labels else VALUE
        if self._postprocessed:
            return [from_json(answer).get(name) for answer in answers]
        found: Sequence[Any] = self._codec.outputs.arrays(prediction)[name].tolist()
        return found

    def _add_fields(self, given: ModelInput, outputs: Outputs) -> Columns:
        """Return the fields that are added to answers: warnings about texts, and others."""
        fields: dict[str, Sequence[Any]] = {}
        if self._manifest.modality == "text":
            warnings = defaultdict(list)
            for each in given.warnings:
                row, _, name = each.pointer[1:].partition("/")
                warnings[int(row)].append(f"{name}: {each.detail}")
            fields[WARNINGS] = [warnings.get(i, ABSENT) for i in range(given.rows)]
        return fields | {name: add(given, outputs) for name, add in self._further.items()}


def _take(given: ModelInput, valid: Sequence[int]) -> ModelInput:
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


def _reject(chunk: Chunk, problems: Problems) -> Iterator[bytes]:
    """Yield a line of JSON for each rejected row: its number, its line if any, and why."""
    lines = chunk.lines() if chunk.lines else None
    for i, reasons in sorted(problems.items()):
        line = {"line": lines[i]} if lines else {}
        yield to_json({ROW: chunk.numbers[i], **line, "problems": reasons}) + b"\n"
