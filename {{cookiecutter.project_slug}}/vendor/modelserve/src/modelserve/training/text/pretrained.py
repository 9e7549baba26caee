"""A text model that somebody has trained: a folder laid out as the Hugging Face Hub does it."""

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
from .model_folder import hashes_of, licence_of, most_tokens, rename_labels, settings_of
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
    """Return the model in a folder, its graph turned into one that serving knows.

    Args:
        folder: holds `tokenizer.json`, `config.json` with the labels, and the graph.
        labels: what the model calls its labels, and what they are called here; or the latter alone,
            in the order of the graph's outputs.
        max_tokens: of a text that are read; what the model can take, if not given.
        int8: make the weights integers of 8 bits, to be smaller and quicker.
        source: where the folder comes from, in a word.
        graph: where the graph lies, if not where the Hub has it.
        softmax: the graph gives scores, which are to become probabilities.

    Raises:
        TrainingError: a file is missing or not what it should be.
        InvalidInputError: `labels` names some that the model does not have.
    """
    settings = settings_of(folder)
    names = labels if isinstance(labels, tuple) else rename_labels(settings, labels)
    limit = most_tokens(folder, settings, wanted=max_tokens)
    graph = graph or next((folder / name for name in GRAPHS if (folder / name).is_file()), None)
    if graph is None:
        from .export import export  # pylint: disable=import-outside-toplevel  # an extra's work

        with export(folder, max_tokens=limit) as (exported, native):
            files = _read(exported.parent, exported, names, limit, softmax=softmax)
        weights = sorted(path for kind in WEIGHTS for path in folder.glob(kind))
        made = ExportedModel(
            files, names, native, (*LIBRARIES, *EXPORTERS), hashes_of(folder, *weights)
        )
    else:
        files = _read(folder, graph, names, limit, softmax=softmax)
        made = ExportedModel(files, names, None, LIBRARIES, hashes_of(folder, graph))
    provenance = {"source": source, "licence": licence_of(folder)} | dict(made.provenance)
    made = made._replace(provenance=provenance)
    return _quantised(made) if int8 else made


def _read(
    folder: Path, graph: Path, labels: tuple[str, ...], max_tokens: int, *, softmax: bool
) -> dict[str, Content]:
    """Return the graph as serving knows it, and the folder's tokenizer."""
    try:
        tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
        model = load(graph)
    except Exception as error:  # both libraries raise what they please
        raise TrainingError(f"{folder} holds no text model that can be read: {error}") from error
    if max_tokens <= (marks := tokenizer.num_special_tokens_to_add(is_pair=False)):
        raise TrainingError(f"{max_tokens} tokens hold no text: {marks} are the model's own marks.")
    normalise(model, n_labels=len(labels), softmax=softmax)
    try:
        content = graphs.to_bytes(model)
    except Exception as error:  # so does the checker
        raise TrainingError(f"{graph} is no graph that can be run: {error}") from error
    return {artifact.MODEL: content, TOKENIZER: bounded(tokenizer, max_tokens)}


def _quantised(made: ExportedModel) -> ExportedModel:
    """Return the model with weights of 8 bits; what it was before that is what it is held to."""
    whole = made.files[artifact.MODEL]
    small = quantise(whole)
    sizes = [artifact.size_bytes({"": each}) for each in (small, whole)]

    def native(dataset: Texts) -> NDArray[np.float32]:
        return run_graph(made.files, dataset)

    told = f"weights of 8 bits: {sizes[0]:,} bytes instead of {sizes[1]:,}"
    return made._replace(
        files={**made.files, artifact.MODEL: small},
        native=made.native or native,
        provenance={**made.provenance, "quantisation": told},
    )
