"""Import an ONNX graph from another tool: a training run without the fit."""

from pathlib import Path
from typing import TYPE_CHECKING

from .dataset import Dataset
from .table.imported import TableImporter
from .table.table import Table

if TYPE_CHECKING:
    from .text.imported import TextImporter


def make_importer(
    dataset: Dataset,
    graph: Path,
    labels: tuple[str, ...],
    *,
    softmax: bool,
    output_name: str | None = None,
) -> "TableImporter | TextImporter":
    """Return a function that replaces the project's `train`.

    Args:
        dataset: a table or texts; it selects the importer.
        graph: the ONNX file.
        labels: in the order of the graph's outputs; none for a regressor.
        softmax: convert the graph's scores to probabilities.
        output_name: of the graph's output; the only one that fits by default.
    """
    if isinstance(dataset, Table):
        return TableImporter(graph, labels, softmax=softmax, output_name=output_name)
    # pylint: disable-next=import-outside-toplevel  # a table needs no tokenizer
    from .text.imported import TextImporter

    return TextImporter(graph, labels, softmax=softmax, output_name=output_name)
