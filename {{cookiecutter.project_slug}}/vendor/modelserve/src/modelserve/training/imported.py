"""Imports an ONNX graph that was made elsewhere: a training run without the fit."""

from pathlib import Path
from typing import TYPE_CHECKING

from .dataset import Dataset
from .table.imported import TableImporter
from .table.table import Table

if TYPE_CHECKING:
    from .text.imported import TextImporter


def make_importer(
    dataset: Dataset, graph: Path, labels: tuple[str, ...], *, softmax: bool
) -> "TableImporter | TextImporter":
    """Return what takes the place of a project's `train`.

    Args:
        dataset: of the kind of rows that the graph answers.
        graph: the ONNX file.
        labels: in the order of the graph's outputs; none for a regressor.
        softmax: the graph gives scores, which are to become probabilities.
    """
    if isinstance(dataset, Table):
        return TableImporter(graph, labels, softmax=softmax)
    # pylint: disable-next=import-outside-toplevel  # a table needs no tokenizer
    from .text.imported import TextImporter

    return TextImporter(graph, labels, softmax=softmax)
