"""Import a text model's ONNX graph with the tokenizer beside it."""

from pathlib import Path

from ..exported_model import ExportedModel
from . import model_folder, pretrained
from .options import TextOptions
from .texts import Texts
from .transformer import GraphFile


class TextImporter:
    """Replace `train` by an import.

    `tokenizer.json` and `config.json` must be in the graph's folder or in the one above it, as on
    the Hugging Face Hub.

    Args:
        path: of the ONNX file.
        labels: the project's names of the labels, in the order of the graph's outputs.
        softmax: convert the graph's scores to probabilities.
        output_name: of the graph's output; the only one that fits by default.
    """

    def __init__(
        self, path: Path, labels: tuple[str, ...], *, softmax: bool, output_name: str | None = None
    ) -> None:
        """Keep the arguments."""
        self._graph = GraphFile(path, softmax=softmax, output_name=output_name)
        self._labels = labels

    def __call__(self, training: Texts, options: TextOptions, seed: int) -> ExportedModel:
        """Return the graph with its tokenizer.

        Raises:
            TrainingError: a file is missing or invalid, or the graph does not return probabilities.
        """
        del seed
        return pretrained.load_pretrained(
            model_folder.folder_of(self._graph.path),
            labels=self._labels,
            max_tokens=options.max_tokens,
            int8=options.int8,
            source=self._graph.path.name,
            graph=self._graph,
            training=training,
        )
