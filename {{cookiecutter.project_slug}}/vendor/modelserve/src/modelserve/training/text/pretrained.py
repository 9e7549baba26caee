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
from .. import graphs, imported_answers
from ..exported_model import ExportedModel
from ..onnx_file import files_of, one_line
from ..parity import run_graph
from .model_folder import (
    check_order,
    hashes_of,
    licence_of,
    rename_labels,
    settings_of,
    token_limit,
)
from .quantisation import CALIBRATED, CalibrationTexts, Method, quantise
from .texts import Texts
from .transformer import GraphFile, load, normalise

LIBRARIES = ("numpy", "onnx", "onnxruntime", "tokenizers")
EXPORTERS = ("onnxscript", "torch", "transformers")
GRAPHS = ("onnx/model.onnx", "model.onnx")
CHECKED = 8  # texts: a transformer takes its time
COMPARED = 64  # texts that are run together and alone
RARE = "\N{CUNEIFORM SIGN A} \N{EGYPTIAN HIEROGLYPH A001} \N{AMPHORA}"
WEIGHTS = ("*.safetensors", "pytorch_model*.bin")
Labels = Mapping[str, str] | tuple[str, ...]
Int8 = bool | Method


def load_pretrained(
    folder: Path,
    *,
    labels: Labels,
    max_tokens: int | None,
    int8: Int8,
    source: str,
    graph: GraphFile | None = None,
    training: Texts | None = None,
) -> ExportedModel:
    """Return the model in a folder, with its graph normalised for serving.

    Args:
        folder: holds `tokenizer.json`, `config.json` with the labels, and the graph or weights.
        labels: maps the model's names of labels to the project's; or the project's names, in the
            order of the graph's outputs.
        max_tokens: longer texts are truncated; the model's limit by default.
        int8: quantise the weights to 8 bits: smaller and quicker.
        source: the folder's origin, for the manifest.
        graph: the graph's file, if it is not at the Hub's usual place.
        training: texts that its answers are checked with, and a static quantisation is calibrated
            with.

    Raises:
        TrainingError: a file is missing or invalid, the graph cannot be quantised, cannot be run on
            texts of any length, or returns no probabilities.
        InvalidInputError: `labels` maps names that the model does not have.
    """
    if not folder.is_dir():
        raise TrainingError(
            f"There is no folder {folder}. [model] source in config/training.toml names a folder "
            "with tokenizer.json, config.json and model.onnx."
        )
    settings = settings_of(folder)
    if isinstance(labels, tuple):
        check_order(folder, settings, labels)
        names = labels
    else:
        names = rename_labels(folder, settings, labels)
    limit = token_limit(folder, settings, wanted=max_tokens)
    usual = (GraphFile(folder / name) for name in GRAPHS if (folder / name).is_file())
    graph = graph or next(usual, None)
    if graph is None:
        from .export import export  # pylint: disable=import-outside-toplevel  # needs torch

        with export(folder, max_tokens=limit) as (exported, native):
            files = _read(exported.parent, GraphFile(exported), names, limit)
        weights = sorted(path for kind in WEIGHTS for path in folder.glob(kind))
        model = ExportedModel(
            files, names, native, (*LIBRARIES, *EXPORTERS), hashes_of(folder, *weights)
        )
    else:
        files = _read(folder, graph, names, limit)
        hashes = hashes_of(folder, *files_of(graph.path))
        model = ExportedModel(files, names, None, LIBRARIES, hashes)
    provenance = {"source": source, "licence": licence_of(folder)} | dict(model.provenance)
    model = model._replace(provenance=provenance)
    if training is not None:
        # Before it is quantised: by dynamic integers of 8 bits, a text's answer does depend on
        # those beside it, of which `train` warns.
        check_answers(model, training)
    if not int8:
        return model
    model = _quantise(model, training if int8 == "static" else None)
    return model if int8 == "static" or training is None else _warn(model, training)


def _read(
    folder: Path, graph: GraphFile, labels: tuple[str, ...], max_tokens: int
) -> dict[str, Content]:
    """Return the normalised graph and the folder's tokenizer."""
    try:
        tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
    except Exception as error:  # tokenizers raises no errors of its own
        unread = f"readable {TOKENIZER}: {one_line(error)}"
        raise TrainingError(
            f"{folder} holds no {unread if (folder / TOKENIZER).is_file() else TOKENIZER}. Save "
            "one beside the model by AutoTokenizer.from_pretrained(…).save_pretrained(…) of "
            "transformers."
        ) from error
    try:
        tokenizer.encode(RARE)
    except Exception as error:  # as above
        raise TrainingError(
            f"{folder / TOKENIZER} has no unknown token: {one_line(error)}. No text could be "
            "answered with a character that its vocabulary lacks. Name a token of the vocabulary, "
            'such as "<unk>" or "[UNK]", in its "model": by "unk_id", its index, or "unk_token".'
        ) from error
    if max_tokens <= (special := tokenizer.num_special_tokens_to_add(is_pair=False)):
        raise TrainingError(
            f"[model] max_tokens = {max_tokens} in config/training.toml leaves no room for a text: "
            f"{special} tokens are special ones."
        )
    model = load(graph.path)
    normalise(model, graph, n_labels=len(labels))
    try:
        content = graphs.to_bytes(model)
    except Exception as error:  # onnx and protobuf raise errors of many types
        raise TrainingError(f"{graph.path.name} cannot be converted: {one_line(error)}") from error
    return {artifact.MODEL: content, TOKENIZER: bounded(tokenizer, max_tokens)}


def check_answers(exported: ExportedModel, texts: Texts) -> None:
    """Check a model's answers to some texts.

    Args:
        exported: the model.
        texts: the first ones are tried.

    Raises:
        TrainingError: it cannot be run on texts of any length, or returns no probabilities.
    """
    some = texts.take(np.arange(min(len(texts), CHECKED)))
    imported_answers.check(exported.files, some, exported.labels, softmax=False)


def _quantise(model: ExportedModel, training: Texts | None) -> ExportedModel:
    """Return the model with weights of 8 bits; parity compares it with the original."""
    original = model.files[artifact.MODEL]
    calibration = None if training is None else CalibrationTexts(training, model.files)
    quantised = quantise(original, calibration)
    sizes = [artifact.size_bytes({"": each}) for each in (quantised, original)]

    def native(dataset: Texts) -> NDArray[np.float32]:
        return run_graph(model.files, dataset)

    static = "" if training is None else f", calibrated with {min(len(training), CALIBRATED)} texts"
    description = f"weights of 8 bits{static}: {sizes[0]:,} bytes instead of {sizes[1]:,}"
    return model._replace(
        files={**model.files, artifact.MODEL: quantised},
        native=model.native or native,
        provenance={**model.provenance, "quantisation": description},
    )


def _warn(model: ExportedModel, texts: Texts) -> ExportedModel:
    """Return a model with a warning that says how much texts change each other's answers."""
    some = texts.take(np.arange(min(len(texts), COMPARED)))
    among, alone = imported_answers.answers_among_others(model.files, some)
    others = int((among.argmax(axis=1) != alone.argmax(axis=1)).sum())
    warning = (
        f'int8 = "dynamic": beside others, {others} of {len(some)} training texts get another '
        f"label than alone, and probabilities differ by up to {np.abs(among - alone).max():.2g}. "
        'So the service joins requests only with BATCHING=on. int8 = "static" does not do that.'
    )
    return model._replace(warnings=(*model.warnings, warning))
