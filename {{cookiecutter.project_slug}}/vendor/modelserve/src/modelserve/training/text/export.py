"""Export a transformer's weights to ONNX, which needs the extra `export`."""

# pylint: disable=import-error,import-outside-toplevel  # the extra is in no lock
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from ...errors import TrainingError
from ...tokens import IDS, MASK, TOKENIZER
from ..exported_model import Native
from .texts import BATCH, Texts


@contextmanager
def export(folder: Path, *, max_tokens: int) -> Iterator[tuple[Path, Native]]:
    """Export the weights in a folder to a temporary graph, with the tokenizer beside it.

    Args:
        folder: holds the weights, `config.json` and the tokenizer.
        max_tokens: longer texts are truncated.

    Yields:
        the graph's file, and the torch model, to compare the graph with.

    Raises:
        TrainingError: the extra is not installed, or the folder holds no such model.
    """
    with tempfile.TemporaryDirectory() as scratch, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's own deprecations
        try:
            model, tokenizer = _load(folder)
            graph = Path(scratch, "model.onnx")
            graph.write_bytes(_export_graph(model, tokenizer))
        except ModuleNotFoundError as error:
            raise TrainingError(
                f"{folder} holds no ONNX graph, and {error.name} is not installed to export one; "
                "install the extra: uv pip install --editable '.[export]'."
            ) from error
        except Exception as error:  # both libraries raise errors of many types
            reason = str(error).partition("\n")[0]
            raise TrainingError(
                f"{folder} holds no model that can be exported: {reason}"
            ) from error
        content = tokenizer.backend_tokenizer.to_str()
        graph.with_name(TOKENIZER).write_text(content, encoding="utf-8")

        def native(dataset: Texts) -> NDArray[np.float32]:
            return _predict(model, tokenizer, dataset.texts, max_tokens)

        yield graph, native


def _load(folder: Path) -> tuple[Any, Any]:
    """Return the model, in single precision, and its tokenizer."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    model, report = AutoModelForSequenceClassification.from_pretrained(
        folder, dtype=torch.float32, local_files_only=True, output_loading_info=True
    )
    if untrained := sorted(report["missing_keys"]):  # they would be random
        raise ValueError(f"it has no weights for {', '.join(untrained)}")
    return model.eval(), AutoTokenizer.from_pretrained(folder, local_files_only=True)


def _export_graph(model: Any, tokenizer: Any) -> bytes:
    """Return the graph's file, without the exporter's metadata, which holds local paths."""
    import torch

    example = tokenizer(["one text", "and yet another one"], padding=True, return_tensors="pt")
    axes = dict.fromkeys((0, 1), torch.export.Dim.DYNAMIC)
    program = torch.onnx.export(
        model,
        kwargs={IDS: example[IDS], MASK: example[MASK]},
        input_names=[IDS, MASK],
        output_names=["logits"],
        dynamic_shapes={IDS: axes, MASK: axes},
        dynamo=True,
        verbose=False,
    )
    exported: onnx.ModelProto = program.model_proto
    graph = exported.graph
    values = (*graph.input, *graph.output, *graph.value_info, *graph.initializer, *graph.node)
    for each in (exported, graph, *values):
        del each.metadata_props[:]
    return bytes(exported.SerializeToString(deterministic=True))


def _predict(model: Any, tokenizer: Any, texts: list[str], max_tokens: int) -> NDArray[np.float32]:
    """Return the probabilities of some texts, of shape (texts, n_labels)."""
    import torch

    outputs = []
    for start in range(0, len(texts), BATCH):
        batch = tokenizer(
            texts[start : start + BATCH],
            padding=True,
            truncation=True,
            max_length=max_tokens,
            return_tensors="pt",
        )
        with torch.inference_mode():
            logits = model(batch[IDS], attention_mask=batch[MASK]).logits
        outputs.append(torch.softmax(logits, dim=-1).numpy())
    return np.concatenate(outputs)
