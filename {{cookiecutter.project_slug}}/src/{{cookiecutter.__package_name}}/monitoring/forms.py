"""The forms in which a model is asked and answers, told apart and brought to one: rows."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..artifact import Manifest
from . import replies

REDACTED = "[redacted]"  # what capture writes in the place of what must not be kept
TEXTS = ("category", "text")  # kinds of features that travel in tensors of texts
UNSTATED = "(unstated)"

Row = Mapping[str, Any]


class Reply(NamedTuple):
    """An answer: one prediction a row, which version gave it, and whether it was the prior."""

    predictions: list[Row]
    version: str
    degraded: bool


class Forms:
    """Reads bodies of every form that the service speaks.

    Args:
        manifest: lists fields and labels.
    """

    def __init__(self, manifest: Manifest) -> None:
        """Note which fields travel together."""
        self._name = manifest.name
        self._version = manifest.version
        self._labels = manifest.labels
        self._fields = [each.name for each in manifest.features]
        texts = [each.name for each in manifest.features if each.kind in TEXTS]
        self._columns = {
            True: texts,
            False: [name for name in self._fields if name not in texts],
        }

    def rows(self, body: Any) -> list[Row]:
        """Return the rows of a request.

        Args:
            body: {"instances": …}, the Open Inference Protocol's {"inputs": …}, CSV, or a tuple of
                what the lines of JSON Lines hold.

        Raises:
            ValueError: it has none of these forms.
        """
        if isinstance(body, str):
            return self._rows_of_csv(body)
        if isinstance(body, tuple):
            return _checked([*body])
        if "instances" in body:
            return _checked(body["instances"])
        if "inputs" in body:
            return self._rows_of_tensors(body["inputs"])
        raise ValueError("asks in no known form")

    def reply(self, body: Any) -> Reply | None:
        """Return the answer of a response, None for one that is no model's, such as an error.

        Args:
            body: {"predictions": …}, the Open Inference Protocol's {"outputs": …}, CSV, or a tuple
                of what the lines of JSON Lines hold.

        Raises:
            ValueError: it has the beginning of one of these forms, and not the rest.
        """
        if isinstance(body, str):
            return Reply([replies.read(each, self._labels) for each in _cells(body)], "", False)
        if isinstance(body, tuple):
            return Reply(_checked([*body]), "", False)
        if "predictions" in body:
            return Reply(
                _checked(body["predictions"]), self._version_of(body), body.get("degraded") is True
            )
        if "outputs" in body:
            return Reply(
                self._predictions_of_tensors(body["outputs"]),
                self._version_of(body),
                body.get("parameters", {}).get("degraded") is True,
            )
        return None

    def _version_of(self, body: Mapping[str, Any]) -> str:
        """Return which version answered; another model's is told with its name."""
        name, version = body.get("model_name"), body.get("model_version", "")
        return str(version) if name in (self._name, None) else f"{name} {version}"

    def _rows_of_csv(self, text: str) -> list[Row]:
        lines = _cells(text)
        fields = self._fields
        if lines and sorted(lines[0]) == sorted(fields):
            fields = lines.pop(0)
        if any(len(cells) != len(fields) for cells in lines):
            raise ValueError(f"is CSV with other than {len(fields)} values a row")
        return [dict(zip(fields, cells, strict=True)) for cells in lines]

    def _rows_of_tensors(self, tensors: Sequence[Mapping[str, Any]]) -> list[Row]:
        rows: list[dict[str, Any]] = []
        for tensor in tensors:
            names = self._columns[tensor["datatype"] == "BYTES"]
            values = _read_tensor(tensor, len(names)).reshape(-1, len(names))
            rows = rows or [{} for _ in values]
            for row, given in zip(rows, values.tolist(), strict=True):
                row.update(zip(names, given, strict=True))
        return [*rows]

    def _predictions_of_tensors(self, tensors: Sequence[Mapping[str, Any]]) -> list[Row]:
        predictions: list[dict[str, Any]] = []
        for tensor in tensors:
            values = _read_tensor(tensor, 1).tolist()
            predictions = predictions or [{} for _ in values]
            for prediction, value in zip(predictions, values, strict=True):
                if isinstance(value, list):
                    value = dict(zip(self._labels, value, strict=True))
                prediction[tensor["name"]] = value
        return [*predictions]


def _cells(text: str) -> list[list[str]]:
    """Return the cells of each line that has any; a quoted one may hold line ends of its own."""
    lines = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    try:
        return [cells for cells in lines if cells]
    except csv.Error as error:
        raise ValueError(f"is no CSV: {error}") from error


def _read_tensor(tensor: Mapping[str, Any], width: int) -> NDArray[np.object_]:
    """Return a tensor's values in its shape; where they were redacted, `width` times that word."""
    shape = tensor["shape"]
    if tensor["data"] == REDACTED:
        return np.full((shape[0], width), REDACTED, dtype=object)
    return np.array(tensor["data"], dtype=object).reshape(shape)


def _checked(rows: Any) -> list[Row]:
    """Return rows, each of which is an object."""
    if not isinstance(rows, list) or set(map(type, rows)) != {dict}:
        raise ValueError("holds rows that are no objects")
    return rows
