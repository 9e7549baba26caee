"""A trained model as it is served: an ONNX graph, and what else an answer takes."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..artifact import Content

Native = Callable[[Any], NDArray[np.float32]]  # of a dataset of the kind that it was fitted to


class ExportedModel(NamedTuple):
    """What `train` in your model.py returns.

    Args:
        files: the ONNX graph as "model.onnx", and further files such as "tokenizer.json".
        labels: in the order of the outputs; empty for a regressor.
        native: answers as the model did before its export, of shape (rows, n_outputs); None where
            there was no such model.
        libraries: the distributions that made it, for the manifest.
        provenance: where it comes from, for the manifest.
    """

    files: Mapping[str, Content]
    labels: tuple[str, ...]
    native: Native | None
    libraries: tuple[str, ...]
    provenance: Mapping[str, str] = MappingProxyType({})
