"""A trained model as it is served: an ONNX graph, further files, and the labels."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..artifact import Content

Native = Callable[[Any], NDArray[np.float32]]  # of a dataset


class ExportedModel(NamedTuple):
    """What `train` in your model.py returns.

    Args:
        files: the ONNX graph as "model.onnx", and further files such as "tokenizer.json".
        labels: in the order of the outputs; empty for a regressor.
        native: the outputs of the model before its export, of shape (rows, n_outputs), to compare
            the graph with; None if there is no such model.
        libraries: the distributions that trained it, for the manifest.
        provenance: its origin, for the manifest.
        warnings: what `train` shows, a sentence each.
        advise: says what to do if the graph differs for the rows of a dataset; empty if unknown.
    """

    files: Mapping[str, Content]
    labels: tuple[str, ...]
    native: Native | None
    libraries: tuple[str, ...]
    provenance: Mapping[str, str] = MappingProxyType({})
    warnings: tuple[str, ...] = ()
    advise: Callable[[Any], str] | None = None
