"""Answer the rows of a Ray dataset: a class for `map_batches`, with a model in each actor."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..project import Project
from .column_types import answer_types, load_pyarrow
from .gathering import Problems
from .parquet import BlockReader
from .predictor import WARNINGS, BatchPredictor
from .summary import BatchCounts
from .tables import ABSENT, AnsweredRows, Keep, free_names
from .writers import flatten

PROBLEMS = "problems"


class RayPredictor:
    """Answers the batches of a dataset, in the format of pyarrow, as `batch` answers a file.

    A batch keeps its rows and their order. To the columns that are kept come those of the answer,
    and `problems`: None, or the reasons why a row is invalid; it then has no answer.

    Args:
        package: of the project, which the workers can import.
        model: folder of the artifact, on every node.
        root: of the project; the working directory by default.
        keep: the columns that the output repeats.
        threads: of the model; as many as the actor has processors.

    Raises:
        ArtifactError: there is no artifact, or it is not what its manifest says.
    """

    def __init__(
        self,
        package: str,
        model: str,
        *,
        root: str = ".",
        keep: Keep = "others",
        threads: int = 1,
    ) -> None:
        """Load the model, once for each actor."""
        service = Project(package, Path(root)).make_service(Path(model))
        self._predictor = BatchPredictor(service, threads=threads)
        self._keep = keep
        self._arrow = load_pyarrow()
        warnings = [WARNINGS] if self._predictor.manifest.modality == "text" else []
        self._types = answer_types(self._predictor.example(), texts=[PROBLEMS, *warnings])

    def __call__(self, batch: Any) -> Any:
        """Return the answers to a table.

        Raises:
            MalformedError: a field that may not be missing has no column.
        """
        reader = BlockReader(batch.schema.names, self._predictor.manifest, keep=self._keep)
        size = self._predictor.codec.inputs.chunk
        blocks = [batch.slice(first, size) for first in range(0, len(batch), size)] or [batch]
        columns = [self._answer(reader, block) for block in blocks]
        names = list(dict.fromkeys(name for each in columns for name in each))
        kept = batch.select(reader.kept)
        kept = kept.rename_columns(free_names(kept.schema.names, names))
        for name in names:
            values = [value for each in columns for value in each.get(name, [])]
            kept = kept.append_column(name, self._arrow.array(values, self._types.get(name)))
        return kept

    def _answer(self, reader: BlockReader, block: Any) -> Mapping[str, Sequence[Any]]:
        """Return the columns of the answer, with None where a row has none."""
        rows = len(block)
        collector = AnswerCollector()
        problems: Problems = {}
        if rows:
            chunk = reader.chunk(block, range(rows))
            problems = self._predictor.answer_chunk(chunk, collector, BatchCounts())
        columns: dict[str, list[Any]] = {
            name: [None] * rows for name in self._types if name != PROBLEMS
        }
        if answered := collector.rows:
            for name, values in (flatten(answered.answers) | dict(answered.further)).items():
                column = columns.setdefault(name, [None] * rows)
                for i, value in zip(answered.numbers, values, strict=True):
                    column[i] = None if value is ABSENT else value
        return columns | {PROBLEMS: [problems.get(i) for i in range(rows)]}


class AnswerCollector:
    """Keeps the answered rows of a chunk, instead of writing them."""

    def __init__(self) -> None:
        """Start without rows."""
        self.rows: AnsweredRows | None = None

    def write(self, rows: AnsweredRows) -> None:
        """Keep the rows."""
        self.rows = rows

    def close(self) -> None:
        """Write nothing."""

    def abandon(self) -> None:
        """Release nothing."""
