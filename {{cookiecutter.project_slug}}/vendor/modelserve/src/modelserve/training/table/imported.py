"""Import an ONNX graph from another tool as the model of a table."""

from pathlib import Path

from ... import artifact
from ...errors import TrainingError
from .. import graphs, imported_answers, onnx_file
from ..exported_model import ExportedModel
from ..sections import Options
from .graph_inputs import connect_inputs
from .graph_output import connect_output
from .table import Table

LIBRARIES = ("onnx", "onnxruntime")


class TableImporter:
    """Replace `train` by an import.

    The graph may take all columns in one matrix of numbers, in their order, or each column in an
    input with the column's name. It returns a probability for each label, or one value.

    Args:
        path: of the ONNX file.
        labels: in the order of the graph's outputs; none for a regressor.
        softmax: convert the graph's scores to probabilities.
        output_name: of the graph's output; the only one that fits by default.
    """

    def __init__(
        self, path: Path, labels: tuple[str, ...], *, softmax: bool, output_name: str | None = None
    ) -> None:
        """Keep the arguments."""
        self._path = path
        self._labels = labels
        self._softmax = softmax
        self._output_name = output_name

    def __call__(self, training: Table, options: Options, seed: int) -> ExportedModel:
        """Return the graph, connected to the columns of `training`.

        Raises:
            TrainingError: the file is not an ONNX graph that can be served, it has no output that
                fits the labels, or its answers to the rows are no probabilities.
            InvalidInputError: its inputs are not the table's columns; each one is named.
        """
        del options, seed
        graph = onnx_file.read(self._path)
        del graph.graph.value_info[:]  # shapes of other batches; ONNX Runtime infers them again
        connect_inputs(graph, training)
        connect_output(graph, self._labels, softmax=self._softmax, name=self._output_name)
        try:
            files = {artifact.MODEL: graphs.to_bytes(graph)}
        except Exception as error:  # onnx and protobuf raise errors of many types
            raise TrainingError(
                f"{self._path.name} cannot be converted: {onnx_file.one_line(error)}"
            ) from error
        imported_answers.check(files, training, self._labels, softmax=self._softmax)
        _, *weights = onnx_file.files_of(self._path)
        hashes = {f"SHA-256 of {path.name}": artifact.sha256(path) for path in weights}
        provenance = {"source": self._path.name, "SHA-256": artifact.sha256(self._path)} | hashes
        return ExportedModel(files, self._labels, None, LIBRARIES, provenance)
