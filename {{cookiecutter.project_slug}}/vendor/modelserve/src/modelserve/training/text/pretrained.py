"""Load a pretrained text model from a folder laid out as on the Hugging Face Hub."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from ... import artifact
from ...artifact import Content
from ...errors import TrainingError
from ...tokens import TOKENIZER, bounded
from .. import graphs
from ..exported_model import ExportedModel
from ..parity import run_graph
from .model_folder import hashes_of, licence_of, rename_labels, settings_of, token_limit
from .quantisation import quantise
from .texts import Texts
from .transformer import load, normalise

LIBRARIES = ("numpy", "onnx", "onnxruntime", "tokenizers")
EXPORTERS = ("onnxscript", "torch", "transformers")
GRAPHS = ("onnx/model.onnx", "model.onnx")
WEIGHTS = ("*.safetensors", "pytorch_model*.bin")
Labels = Mapping[str, str] | tuple[str, ...]


def load_pretrained(
    folder: Path,
    *,
    labels: Labels,
    max_tokens: int | None,
    int8: bool,
    source: str,
    graph: Path | None = None,
    softmax: bool = True,
) -> ExportedModel:
    """Return the model in a folder, with its graph normalised for serving.

    Args:
        folder: holds `tokenizer.json`, `config.json` with the labels, and the graph or weights.
        labels: maps the model's names of labels to the project's; or the project's names, in the
            order of the graph's outputs.
        max_tokens: longer texts are truncated; the model's limit by default.
        int8: quantise the weights to 8 bits: smaller and quicker.
        source: the folder's origin, for the manifest.
        graph: the graph's path, if it is not at the Hub's usual place.
        softmax: convert the graph's scores to probabilities.

    Raises:
        TrainingError: a file is missing or invalid.
        InvalidInputError: `labels` maps names that the model does not have.
    """
    settings = settings_of(folder)
    names = labels if isinstance(labels, tuple) else rename_labels(settings, labels)
    limit = token_limit(folder, settings, wanted=max_tokens)
    graph = graph or next((folder / name for name in GRAPHS if (folder / name).is_file()), None)
    if graph is None:
        from .export import export  # pylint: disable=import-outside-toplevel  # needs torch

        with export(folder, max_tokens=limit) as (exported, native):
            files = _read(exported.parent, exported, names, limit, softmax=softmax)
        weights = sorted(path for kind in WEIGHTS for path in folder.glob(kind))
        model = ExportedModel(
            files, names, native, (*LIBRARIES, *EXPORTERS), hashes_of(folder, *weights)
        )
    else:
        files = _read(folder, graph, names, limit, softmax=softmax)
        model = ExportedModel(files, names, None, LIBRARIES, hashes_of(folder, graph))
    provenance = {"source": source, "licence": licence_of(folder)} | dict(model.provenance)
    model = model._replace(provenance=provenance)
    return _quantise(model) if int8 else model


def _read(
    folder: Path, graph: Path, labels: tuple[str, ...], max_tokens: int, *, softmax: bool
) -> dict[str, Content]:
    """Return the normalised graph and the folder's tokenizer."""
    try:
        tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
        model = load(graph)
    except Exception as error:  # both libraries raise errors of many types
        raise TrainingError(f"{folder} holds no readable text model: {error}") from error
    if max_tokens <= (special := tokenizer.num_special_tokens_to_add(is_pair=False)):
        raise TrainingError(
            f"[model] max_tokens = {max_tokens} in config/training.toml leaves no room for a text: "
            f"{special} tokens are special ones."
        )
    normalise(model, n_labels=len(labels), softmax=softmax)
    try:
        content = graphs.to_bytes(model)
    except Exception as error:  # the checker, too
        raise TrainingError(f"{graph} is not a valid ONNX graph: {error}") from error
    return {artifact.MODEL: content, TOKENIZER: bounded(tokenizer, max_tokens)}


def _quantise(model: ExportedModel) -> ExportedModel:
    """Return the model with weights of 8 bits; parity compares it with the original."""
    original = model.files[artifact.MODEL]
    quantised = quantise(original)
    sizes = [artifact.size_bytes({"": each}) for each in (quantised, original)]

    def native(dataset: Texts) -> NDArray[np.float32]:
        return run_graph(model.files, dataset)

    description = f"weights of 8 bits: {sizes[0]:,} bytes instead of {sizes[1]:,}"
    return model._replace(
        files={**model.files, artifact.MODEL: quantised},
        native=model.native or native,
        provenance={**model.provenance, "quantisation": description},
    )
