"""Takes in a text model's ONNX graph that was made elsewhere, with the tokenizer beside it."""

from pathlib import Path

from ..exported_model import ExportedModel
from . import model_folder, pretrained
from .options import TextOptions
from .texts import Texts


class TextImporter:
    """Makes a model of a graph instead of fitting one.

    Beside the graph, or in the folder above it, lie `tokenizer.json` and `config.json`, as on the
    Hugging Face Hub.

    Args:
        path: where the graph lies.
        labels: what the model's labels are called here, in the order of the graph's outputs.
        softmax: the graph gives scores, which are to become probabilities.
    """

    def __init__(self, path: Path, labels: tuple[str, ...], *, softmax: bool) -> None:
        """Only note what is to be done."""
        self._path = path
        self._labels = labels
        self._softmax = softmax

    def __call__(self, training: Texts, options: TextOptions, seed: int) -> ExportedModel:
        """Return the graph with its tokenizer.

        Raises:
            TrainingError: a file is missing or is not what it should be.
        """
        del training, seed
        return pretrained.load_pretrained(
            model_folder.folder_of(self._path),
            labels=self._labels,
            max_tokens=options.max_tokens,
            int8=options.int8,
            source=self._path.name,
            graph=self._path,
            softmax=self._softmax,
        )
