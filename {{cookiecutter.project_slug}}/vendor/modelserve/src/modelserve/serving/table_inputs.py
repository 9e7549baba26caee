"""Rows of a table: their schema, and their tensors."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from math import isnan
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from ..artifact import Artifact
from ..errors import FieldError, InvalidInputError
from ..manifest import Feature
from ..types import ModelInput, Rows, Tensor, Tensors
from .problems import LISTED
from .schemas import Extra, request_error, typed_dict
from .table_fields import KINDS, WHOLE_LIMIT, field_type

NUMBERS, CATEGORIES = "features", "categories"


class TableInputs:
    """The table's columns, in the order in which the model takes them.

    Args:
        artifact: the model's, whose manifest lists the features.
        extra_fields: whether fields that the model does not have are refused or ignored.
    """

    chunk = 1_000
    pad_id = 0

    def __init__(self, artifact: Artifact, *, extra_fields: Extra = "refuse") -> None:
        """Build the row's type from the features."""
        self.features = artifact.manifest.features
        self._missing = {each.name: artifact.manifest.missing_texts(each) for each in self.features}
        types = {each.name: field_type(each, self._missing[each.name]) for each in self.features}
        self.row = typed_dict("Row", types, extra_fields=extra_fields)
        self._rows = TypeAdapter(list[self.row])  # type: ignore[name-defined]
        self._numbers = [each for each in self.features if each.dtype != "category"]
        self._categories = [each for each in self.features if each.dtype == "category"]
        words = [self._missing[each.name] for each in self._categories]
        self._words = frozenset[str]().union(*words) - {""}
        self._nullable = {each.name for each in self.features if each.nullable}
        self._pick = _picker(self._numbers)
        self._known = {each.name: frozenset({"", *each.categories}) for each in self._categories}
        # As float32, like the values: 7.9 is the largest that training saw, not more than that.
        self._low, self._high = (
            np.array([getattr(each, end) for each in self._numbers], dtype=np.float32)
            for end in ("minimum", "maximum")
        )
        self.tensors = tuple(
            Tensor(name, datatype, (-1, len(each)), nullable=any(one.nullable for one in each))
            for name, datatype, each in (
                (NUMBERS, "FP32", self._numbers),
                (CATEGORIES, "BYTES", self._categories),
            )
            if each
        )

    def complete_later(self) -> None:
        """Leave nothing for later: rows become tensors in microseconds."""

    def gather(self, rows: Rows) -> ModelInput:
        """Return the arrays of validated rows.

        Returns:
            "features", float32 of shape (rows, n_numbers), where NaN stands for what is missing;
            "categories", text of shape (rows, n_categories), where "" stands for it.
        """
        tensors: dict[str, NDArray[Any]] = {}
        width = len(self._numbers)
        if width:
            if len(rows) == 1:  # as most requests; twice as fast
                tensors[NUMBERS] = np.array([self._pick(rows[0])], dtype=np.float32)
            else:
                values = chain.from_iterable(map(self._pick, rows))
                flat = np.fromiter(values, dtype=np.float32, count=len(rows) * width)
                tensors[NUMBERS] = flat.reshape(-1, width)
        if self._categories:
            names = [feature.name for feature in self._categories]
            tensors[CATEGORIES] = np.array(
                [[row.get(name) or "" for name in names] for row in rows], dtype=object
            )
        return ModelInput(tensors, len(rows))

    def gather_tensors(self, tensors: Tensors) -> ModelInput:
        """Return named tensors as the model takes them: as they are, once they fit the schema.

        Raises:
            InvalidInputError: values are missing, fractions or no booleans where they may not be;
                each place is "tensor/index", in row-major order.
        """
        texts = tensors.get(CATEGORIES)
        if texts is not None and not self._words.isdisjoint(texts.ravel().tolist()):
            tensors = {**tensors, CATEGORIES: self._emptied(texts)}
        misfits = (
            FieldError(f"{name}/{row * len(columns) + i}", problem)
            for name, columns in ((NUMBERS, self._numbers), (CATEGORIES, self._categories))
            if columns
            for i, row, problem in _misfits(columns, tensors[name])
        )
        field_errors = list(islice(misfits, LISTED + 1))
        if field_errors:
            raise InvalidInputError(field_errors)
        return ModelInput(tensors, len(next(iter(tensors.values()))))

    def rows_of(self, tensors: Tensors) -> Rows:
        """Return a client's tensors as rows; a missing value is None."""
        columns: dict[str, list[Any]] = {}
        for i, feature in enumerate(self._numbers):
            kind = KINDS[feature.dtype]
            values = tensors[NUMBERS][:, i].tolist()
            columns[feature.name] = [None if isnan(x) else kind(x) for x in values]
        for i, feature in enumerate(self._categories):
            columns[feature.name] = [x or None for x in tensors[CATEGORIES][:, i].tolist()]
        names = [each.name for each in self.features]
        rows = zip(*(columns[name] for name in names), strict=True)
        return [dict(zip(names, row, strict=True)) for row in rows]

    def observe(self, inputs: Sequence[ModelInput]) -> dict[str, NDArray[Any]]:
        """Return what is monitored of some requests: every column, of shape (rows of all,)."""
        observed: dict[str, NDArray[Any]] = {}
        for tensor, columns in ((NUMBERS, self._numbers), (CATEGORIES, self._categories)):
            if columns:
                block = np.concatenate([given.tensors[tensor] for given in inputs])
                observed |= {each.name: block[:, i] for i, each in enumerate(columns)}
        return observed

    def out_of_range(self, observed: Mapping[str, NDArray[Any]]) -> NDArray[np.bool_]:
        """Return which rows hold a value outside of the range or categories of training.

        Args:
            observed: as `observe` returns it.

        Returns:
            of shape (rows of all,).
        """
        rejected = np.zeros(len(next(iter(observed.values()))), dtype=np.bool_)
        for low, high, each in zip(self._low, self._high, self._numbers, strict=True):
            values = observed[each.name]
            rejected |= (values < low) | (values > high)
        for name, known in self._known.items():
            rejected |= [value not in known for value in observed[name].tolist()]
        return rejected

    def parse(self, rows: Sequence[Any], *, text: bool = False) -> Rows:
        """Return rows as they were read from a file as validated rows.

        Args:
            rows: mappings of names to values; with `text`, to their spelling, as CSV has it.
            text: whether values are spelled; then some texts stand for a missing one.

        Raises:
            InvalidInputError: rows are wrong; each pointer begins with the row's number.
        """
        if text:
            rows = [self._spelled(row) for row in rows]
        try:
            return self._rows.validate_python(list(rows), strict=False if text else None)
        except ValidationError as error:
            raise request_error(error.errors(include_url=False)) from error

    def example(self) -> dict[str, Any]:
        """Return a row of the middle value of each column, as training saw it."""
        return {each.name: KINDS[each.dtype](each.example) for each in self.features}

    def form(self) -> list[dict[str, Any]]:
        """Return what a form shows for each field."""
        return [feature.model_dump() | {"seen": feature.seen} for feature in self.features]

    def _spelled(self, row: Any) -> Any:
        """Return a row of texts with numbers and missing values as in JSON."""
        spelled = {}
        for k, v in row.items():
            if v in self._missing.get(k, ()):
                if k not in self._nullable:
                    spelled[k] = "" if k in self._known else None
            else:  # pydantic reads 1_0 as 10, and refuses 1__0
                number = k not in self._known and isinstance(v, str)
                spelled[k] = v.replace("_", "__") if number else v
        return spelled

    def _emptied(self, texts: NDArray[Any]) -> NDArray[Any]:
        """Return categories, of shape (rows, n_categories), with "" for each missing one."""
        columns = [
            ["" if text in self._missing[each.name] else text for text in texts[:, i].tolist()]
            for i, each in enumerate(self._categories)
        ]
        return np.array([*zip(*columns, strict=True)], dtype=object)


def _picker(features: Sequence[Feature]) -> Any:
    """Return the fastest function that picks numbers from a row."""
    names = [feature.name for feature in features]
    if any(feature.nullable for feature in features):
        return lambda row: [_number(row.get(name)) for name in names]
    return itemgetter(*names) if len(names) > 1 else lambda row: [row[name] for name in names]


def _number(value: float | None) -> float:
    return np.nan if value is None else value


def _misfits(columns: Sequence[Feature], tensor: NDArray[Any]) -> Iterator[tuple[int, int, str]]:
    """Yield column, row and problem of each value that its column does not allow."""
    for i, feature in enumerate(columns):
        if feature.dtype == "category" and feature.nullable:
            continue
        values = tensor[:, i]
        missing = values == "" if feature.dtype == "category" else np.isnan(values)
        name = feature.name
        checks = [] if feature.nullable else [(missing, f"{name} may not be missing")]
        if feature.dtype == "integer":
            checks.append((~missing & (values % 1 != 0), f"{name} should be a whole number"))
            beyond = np.abs(values) > WHOLE_LIMIT
            checks.append((beyond, f"{name} should be within ±{WHOLE_LIMIT}"))
        elif feature.dtype == "boolean":
            checks.append((~missing & ~np.isin(values, (0, 1)), f"{name} should be 0 or 1"))
        for wrong, problem in checks:
            yield from ((i, int(row), problem) for row in np.flatnonzero(wrong))
