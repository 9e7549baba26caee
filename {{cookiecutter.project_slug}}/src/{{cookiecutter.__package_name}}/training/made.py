"""What the making of a model hands over to the rest of a training run."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..artifact import Content
from .data import Dataset

Native = Callable[[Dataset], NDArray[np.float32]]


class Made(NamedTuple):
    """A model as it is served, and as it was before that.

    `files` are the ONNX graph and what else turns an input into an answer, by the artifact's names;
    `labels` stand in the order of the outputs, a regressor has none; `native` answers as the model
    did before its export, in the shape (rows, n_outputs), and is None where there was no such
    model; `libraries` are the distributions that made it.
    """

    files: Mapping[str, Content]
    labels: tuple[str, ...]
    native: Native | None
    libraries: tuple[str, ...]
    provenance: Mapping[str, str] = MappingProxyType({})
