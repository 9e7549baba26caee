"""Parses request and response bodies of every format that the service speaks into rows."""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from msgspec.structs import asdict
from numpy.typing import NDArray

from ...manifest import Manifest
from ..answers import make_answer_reader
from .schema import Request, Response

REDACTED = "[redacted]"  # what capture writes in place of a redacted value
TEXTS = ("category", "text")  # dtypes of features that are sent in tensors of texts
WHOLE_ROW = re.compile(r"(?:/instances)?/(\d+)(?:: |$)").match
UNSTATED = "(unstated)"
OTHER_MODEL = " "  # between the name and the version of another model; no version holds one

Row = Mapping[str, Any]


class ParsedResponse(NamedTuple):
    """A response: a prediction for each row, the model's version, and whether it was degraded.

    `invalid` are the rows of a degraded response that the fallback answered; none if it was all.
    """

    predictions: list[Row]
    version: str
    degraded: bool
    invalid: frozenset[int] = frozenset()

    @property
    def by_fallback(self) -> list[bool]:
        """Return for each row whether the fallback answered it."""
        every = self.degraded and not self.invalid
        return [every or row in self.invalid for row in range(len(self.predictions))]


class BodyParser:
    """Parses bodies of every format that the service speaks.

    Args:
        manifest: with fields and labels.
    """

    def __init__(self, manifest: Manifest) -> None:
        """Group the fields by tensor."""
        self._name = manifest.name
        self._version = manifest.version
        self._labels = manifest.labels
        self._answers = make_answer_reader(manifest)
        self._fields = [each.name for each in manifest.features]
        texts = [each.name for each in manifest.features if each.dtype in TEXTS]
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
            ValueError: it has none of these formats.
        """
        if isinstance(body, Request):
            body = asdict(body)
        if isinstance(body, str):
            return self._rows_of_csv(body)
        if isinstance(body, tuple):
            return _checked([*body])
        if "instances" in body:
            return _checked(body["instances"])
        if "inputs" in body:
            return self._rows_of_tensors(body["inputs"])
        raise ValueError("has a request of an unknown format")

    def response(self, body: Any) -> ParsedResponse | None:
        """Return the predictions of a response, None if it is something else, such as an error.

        Args:
            body: {"predictions": …}, the Open Inference Protocol's {"outputs": …}, CSV, or a tuple
                of what the lines of JSON Lines hold.

        Raises:
            ValueError: it has one of these formats, but is incomplete.
        """
        if isinstance(body, Response):
            body = asdict(body)
        if isinstance(body, str):
            return ParsedResponse(self._predictions_of_csv(body), "", False)
        if isinstance(body, tuple):
            return ParsedResponse(_checked([*body]), "", False)
        if "predictions" in body:
            return ParsedResponse(
                _checked(body["predictions"]),
                self._version_of(body),
                body.get("degraded") is True,
                _invalid_rows(each["pointer"] for each in body.get("warnings", ())),
            )
        if "outputs" in body:
            parameters = body.get("parameters", {})
            return ParsedResponse(
                self._predictions_of_tensors(body["outputs"]),
                self._version_of(body),
                parameters.get("degraded") is True,
                _invalid_rows(parameters.get("warnings", ())),
            )
        return None

    def _version_of(self, body: Mapping[str, Any]) -> str:
        """Return the version that answered, after the name for another model's."""
        name, version = body.get("model_name"), body.get("model_version", "")
        return str(version) if name in (self._name, None) else f"{name}{OTHER_MODEL}{version}"

    def _rows_of_csv(self, text: str) -> list[Row]:
        lines = read_cells(text)
        fields = self._fields
        if lines and set(fields).issubset(lines[0]):  # the service may ignore other columns
            fields = lines.pop(0)
        if any(len(cells) != len(fields) for cells in lines):
            raise ValueError(f"has CSV with other than {len(fields)} values a row")
        return [dict(zip(fields, cells, strict=True)) for cells in lines]

    def _rows_of_tensors(self, tensors: Sequence[Mapping[str, Any]]) -> list[Row]:
        rows: list[dict[str, Any]] = []
        for tensor in tensors:
            names = self._columns[tensor["datatype"] == "BYTES"]
            values = read_tensor(tensor, len(names))
            if values.size != len(values) * len(names):
                raise ValueError(f"has a tensor with other than {len(names)} values a row")
            values = values.reshape(-1, len(names))
            rows = rows or [{} for _ in values]
            for row, cells in zip(rows, values.tolist(), strict=True):
                row.update(zip(names, cells, strict=True))
        return [*rows]

    def _predictions_of_csv(self, text: str) -> list[Row]:
        return [self._answers.read_csv(each) for each in read_cells(text)]

    def _predictions_of_tensors(self, tensors: Sequence[Mapping[str, Any]]) -> list[Row]:
        predictions: list[dict[str, Any]] = []
        for tensor in tensors:
            values = read_tensor(tensor, 1).tolist()
            predictions = predictions or [{} for _ in values]
            for prediction, value in zip(predictions, values, strict=True):
                if isinstance(value, list):
                    value = dict(zip(self._labels, value, strict=True))
                prediction[tensor["name"]] = value
        return [*predictions]


def read_cells(text: str) -> list[list[str]]:
    """Return the cells of each line that is not empty; a quoted cell may hold line ends."""
    lines = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    try:
        return [cells for cells in lines if cells]
    except csv.Error as error:
        raise ValueError(f"is not CSV: {error}") from error


def read_tensor(tensor: Mapping[str, Any], width: int) -> NDArray[np.object_]:
    """Return a tensor's values in its shape; of a redacted one, `width` redacted values a row."""
    shape = tensor["shape"]
    if tensor["data"] == REDACTED:
        return np.full((shape[0], width), REDACTED, dtype=object)
    return np.array(tensor["data"], dtype=object).reshape(shape)


def _invalid_rows(warnings: Iterable[str]) -> frozenset[int]:
    """Return the rows of warnings on whole rows: the model's outputs were invalid there.

    Args:
        warnings: begin with a pointer to a row, or to a field of a row.
    """
    return frozenset(int(row[1]) for each in warnings if (row := WHOLE_ROW(each)))


def _checked(rows: Any) -> list[Row]:
    """Return rows if each is an object."""
    if not isinstance(rows, list) or set(map(type, rows)) != {dict}:
        raise ValueError("holds rows that are not objects")
    return rows
