"""Answer requests, and whole files, without HTTP."""

import csv
import time
import zlib
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePath
from typing import IO, Any

import numpy as np
from pydantic_core import from_json

from .. import processors
from ..answers import LABEL, VALUE
from ..errors import MalformedError, ModelError
from ..file_formats import FileFormat
from ..service import Service
from ..serving.verification import load_verified
from ..types import ModelInput, Outputs, Prediction
from .checked_model import CheckedModel
from .column_types import answer_types
from .formats import open_rows
from .gathering import Problems, RowGatherer, problem_lines, take_rows
from .streams import (
    STANDARD,
    TAB,
    TABS,
    OutputFiles,
    open_input,
    output_format,
    suffix_of,
)
from .summary import BatchCounts
from .tables import ABSENT, AnsweredRows, Chunk, Columns, Keep, Shard, Source, select
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
        threads: of the model; as many as there are processors by default.
    """

    def __init__(
        self,
        service: Service,
        *,
        further: Mapping[str, Further] | None = None,
        threads: int | None = None,
    ) -> None:
        """Load the model."""
        self.codec = service.codec
        threads = threads or processors.whole(processors.available())
        self.manifest = service.artifact.manifest
        self._model = CheckedModel(load_verified(service, threads=threads), self.manifest)
        self.further = dict(further or {})
        self._gatherer = RowGatherer(service)
        self._postprocessed = service.overrides("postprocess")

    def answer(self, body: bytes, inference_id: str) -> bytes:
        """Return the body of the response to one request's body.

        Args:
            body: in the format of /predict.
            inference_id: of the response.

        Raises:
            RequestError: the body is invalid; every invalid field is named.
            ModelError: the model failed; or an output is not finite, or out of its bounds.
        """
        given = self.codec.decode(body)
        if given.explain:
            raise MalformedError('"explain" is answered by the service, and by `batch --explain`.')
        outputs, reasons = self._model.run(given)
        if fault := next(filter(None, reasons), ""):
            raise ModelError(f"{fault}; look for values far outside of its training data.")
        return self.codec.encode(given, Prediction(outputs, degraded=False), inference_id)

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
            BrokenPipeError: what reads the answers has ended, as `head` does.
            ConfigurationError: a library for the files' format is missing.
        """
        files = OutputFiles(output)
        try:
            if STANDARD not in (source, output) and output.exists() and output.samefile(source):
                raise MalformedError("they are the same file.")
            with open_input(source, self.manifest.data.dialect.format) as stream:
                rows = open_rows(stream, self.manifest, keep=keep)
                with files.open() as (answered, rejected):
                    format_ = output_format(output, stream.format)
                    writer = self.open_writer(answered, output, format_, rows)
                    counts = self.answer_rows(
                        rows, writer, rejected.write, shard=shard, watch=watch
                    )
        except BrokenPipeError:
            raise
        except (OSError, EOFError, UnicodeError, csv.Error, zlib.error, MalformedError) as error:
            raise MalformedError(f"{source} cannot be answered into {output}: {error}") from error
        return counts

    def open_writer(
        self, stream: IO[bytes], path: PurePath, format_: FileFormat, rows: Source
    ) -> AnswerWriter:
        """Return what writes answers in a format.

        Args:
            stream: of the file.
            path: of the file, whose suffix may ask for tabs.
            format_: of the file.
            rows: that are answered.

        Raises:
            ConfigurationError: a library for the format is missing.
        """
        example = self.example()
        further = [*([WARNINGS] if self.manifest.modality == "text" else []), *self.further]
        if format_ == "jsonl":
            fields = [*from_json(example), WARNINGS, *further]
            return JsonLinesWriter(stream, fields, vary=self._postprocessed)
        layout = TableLayout(rows.kept, [*flatten([example]), *further])
        if format_ == "csv":
            dialect = self.manifest.data.dialect
            separator = TAB if suffix_of(path) == TABS else dialect.separator[0]
            return CsvWriter(stream, layout, separator=separator, decimal=dialect.decimal)
        from .parquet import ParquetWriter  # pylint: disable=import-outside-toplevel

        answers = answer_types(example, texts=[WARNINGS])
        return ParquetWriter(stream, layout, kept=rows.types(), answers=answers)

    def example(self) -> str:
        """Return the fallback as an answer, for the names of its fields."""
        outputs = np.asarray([self.manifest.fallback], dtype=np.float32)
        (answer,) = self.codec.outputs.rows(Prediction(outputs, degraded=False))
        return answer

    def answer_rows(
        self,
        rows: Source,
        writer: AnswerWriter,
        reject: Callable[[bytes], object],
        *,
        shard: Shard = WHOLE,
        watch: Watch | None = None,
    ) -> BatchCounts:
        """Write an answer for each row of a source, and close the writer.

        Args:
            rows: of one or several files.
            writer: of the answers.
            reject: writes lines of JSON about invalid rows.
            shard: the rows of this process.
            watch: called after each chunk, with the share of the source that was read.
        """
        counts, started = BatchCounts(absent=rows.absent), time.perf_counter()
        try:
            for chunk in rows.chunks(self.codec.inputs.chunk, shard):
                problems = self.answer_chunk(chunk, writer, counts)
                if problems:
                    reject(b"".join(problem_lines(chunk, problems)))
                counts.rejected += len(problems)
                counts.seconds = time.perf_counter() - started
                if watch:
                    watch(counts, rows.progress())
            writer.close()
        except BaseException:
            writer.abandon()
            raise
        return counts

    def answer_chunk(self, chunk: Chunk, writer: AnswerWriter, counts: BatchCounts) -> Problems:
        """Write the answers; return the problems of all other rows, by their positions."""
        positions, given, problems = self._gatherer.gather(chunk)
        if given is None:
            return problems
        outputs, reasons = self._model.run(given)
        if reasons:
            problems |= {positions[i]: [reason] for i, reason in enumerate(reasons) if reason}
            valid = [i for i, reason in enumerate(reasons) if not reason]
            given, outputs = take_rows(given, valid), outputs[valid]
            positions = [positions[i] for i in valid]
            if not valid:
                return problems
        prediction = Prediction(outputs, degraded=False)
        answers = self.codec.answers(given, prediction)
        counts.add(self._main_field(answers, prediction), self.manifest.labels)
        inputs = self.codec.inputs
        counts.out_of_range += int(inputs.out_of_range(inputs.observe([given])).sum())
        whole = len(positions) == len(chunk.numbers)
        numbers = chunk.numbers if whole else [chunk.numbers[i] for i in positions]
        kept = select(chunk.kept, positions, len(chunk.numbers))
        further = self._add_fields(given, outputs)
        writer.write(AnsweredRows(numbers, kept, answers, further, chunk.file))
        return problems

    def _main_field(self, answers: Sequence[str], prediction: Prediction) -> Sequence[Any]:
        """Return the label or the value of each answer."""
        name = LABEL if self.manifest.labels else VALUE
        if self._postprocessed:
            return [from_json(answer).get(name) for answer in answers]
        found: Sequence[Any] = self.codec.outputs.arrays(prediction)[name].tolist()
        return found

    def _add_fields(self, given: ModelInput, outputs: Outputs) -> Columns:
        """Return the fields that are added to answers: warnings about texts, and others."""
        fields: dict[str, Sequence[Any]] = {}
        if self.manifest.modality == "text":
            warnings = defaultdict(list)
            for each in given.warnings:
                row, _, name = each.pointer[1:].partition("/")
                warnings[int(row)].append(f"{name}: {each.detail}")
            fields[WARNINGS] = [warnings.get(i, ABSENT) for i in range(given.rows)]
        return fields | {name: add(given, outputs) for name, add in self.further.items()}
