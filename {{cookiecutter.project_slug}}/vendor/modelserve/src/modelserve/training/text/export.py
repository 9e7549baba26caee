"""Makes an ONNX graph of a transformer's weights, which takes torch: the extra `export`."""

# pylint: disable=import-error,import-outside-toplevel  # the extra is in no lock
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from ...errors import TrainingError
from ...tokens import IDS, MASK, TOKENIZER
from .texts import BATCH, Texts

Native = Callable[[Texts], NDArray[np.float32]]


@contextmanager
def export(folder: Path, *, max_tokens: int) -> Iterator[tuple[Path, Native]]:
    """Yield where the graph of a folder's weights lies for now, its tokenizer beside it.

    Args:
        folder: holds the weights, `config.json` and the tokenizer.
        max_tokens: of a text that are read.

    Yields:
        The graph's file, and the model itself.

    Raises:
        TrainingError: the extra is not installed, or the folder holds no such model.
    """
    with tempfile.TemporaryDirectory() as scratch, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns of itself
        try:
            model, tokenizer = _load(folder)
            graph = Path(scratch, "model.onnx")
            graph.write_bytes(_draw(model, tokenizer))
        except ModuleNotFoundError as error:
            raise TrainingError(
                f"{folder} holds no ONNX graph, and {error.name} is not installed to make one; "
                "install the extra: uv pip install --editable '.[export]'."
            ) from error
        except Exception as error:  # both libraries raise what they please
            reason = str(error).partition("\n")[0]
            raise TrainingError(
                f"{folder} holds no model that can be exported: {reason}"
            ) from error
        content = tokenizer.backend_tokenizer.to_str()
        graph.with_name(TOKENIZER).write_text(content, encoding="utf-8")

        def native(dataset: Texts) -> NDArray[np.float32]:
            return _answer(model, tokenizer, dataset.texts, max_tokens)

        yield graph, native


def _load(folder: Path) -> tuple[Any, Any]:
    """Return the model, in single precision, and its tokenizer."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    model, told = AutoModelForSequenceClassification.from_pretrained(
        folder, dtype=torch.float32, local_files_only=True, output_loading_info=True
    )
    if untrained := sorted(told["missing_keys"]):  # they would be drawn at random
        raise ValueError(f"it has no weights for {', '.join(untrained)}")
    return model.eval(), AutoTokenizer.from_pretrained(folder, local_files_only=True)


def _draw(model: Any, tokenizer: Any) -> bytes:
    """Return the graph's file, without what the exporter notes of this machine's files."""
    import torch

    given = tokenizer(["one text", "and yet another one"], padding=True, return_tensors="pt")
    axes = dict.fromkeys((0, 1), torch.export.Dim.DYNAMIC)
    program = torch.onnx.export(
        model,
        kwargs={IDS: given[IDS], MASK: given[MASK]},
        input_names=[IDS, MASK],
        output_names=["logits"],
        dynamic_shapes={IDS: axes, MASK: axes},
        dynamo=True,
        verbose=False,
    )
    drawn: onnx.ModelProto = program.model_proto
    graph = drawn.graph
    values = (*graph.input, *graph.output, *graph.value_info, *graph.initializer, *graph.node)
    for each in (drawn, graph, *values):
        del each.metadata_props[:]
    return bytes(drawn.SerializeToString(deterministic=True))


def _answer(model: Any, tokenizer: Any, texts: list[str], max_tokens: int) -> NDArray[np.float32]:
    """Return the probabilities of some texts, of shape (texts, n_labels)."""
    import torch

    answers = []
    for start in range(0, len(texts), BATCH):
        given = tokenizer(
            texts[start : start + BATCH],
            padding=True,
            truncation=True,
            max_length=max_tokens,
            return_tensors="pt",
        )
        with torch.inference_mode():
            logits = model(given[IDS], attention_mask=given[MASK]).logits
        answers.append(torch.softmax(logits, dim=-1).numpy())
    return np.concatenate(answers)
