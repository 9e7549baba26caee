"""Selects the records of one model's versions and one time window."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from itertools import chain
from operator import attrgetter
from typing import Any

import numpy as np

from ..counts import RecordCounts
from .bodies import OTHER_MODEL, UNSTATED, BodyParser, Row
from .records import INVALID, Records, describe
from .schema import Request, Response

MODEL = attrgetter("model_name", "model_version", "degraded")  # of a response


@dataclass
class InferenceBatch:
    """Requests and their responses as columns.

    Args:
        records: the indices of their records.
        counts: the rows of each request.
        requested: the indices of the requests that were captured.
        rows: of all these requests.
        responded: the indices of the requests whose response was captured.
        predictions: of all these responses.
        by_fallback: for each of these predictions, whether the fallback gave it.
    """

    records: Any = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    requested: Any = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    responded: Any = field(default_factory=list)
    predictions: list[Row] = field(default_factory=list)
    by_fallback: list[bool] = field(default_factory=list)


class RecordFilter:
    """Selects the records to count.

    Args:
        parser: of bodies.
        name: of the model.
        versions: of the model; a response without a version counts as one of them. None for
            every version.
        bounds_us: of the window, in microseconds since the epoch.
    """

    def __init__(
        self,
        parser: BodyParser,
        *,
        name: str,
        versions: Collection[str] | None,
        bounds_us: tuple[int, int],
    ) -> None:
        """Read the window and the versions."""
        self._parser = parser
        self._name = name
        self._versions = None if versions is None else frozenset(versions)
        self._low, self._high = bounds_us

    def inside(self, records: Records, counts: RecordCounts) -> Records:
        """Return the records in the window, and count all others."""
        inside = (records.times_us >= self._low) & (records.times_us < self._high)
        counts.outside += len(inside) - int(np.count_nonzero(inside))
        return records.take(inside)

    def select(self, records: Records, file: str, counts: RecordCounts) -> InferenceBatch:
        """Return the records of the model's versions, and count all others.

        Args:
            records: of a file.
            file: its name in reported errors.
            counts: of all files so far.
        """
        if batch := self._select_all(records, counts):
            return batch
        batch = InferenceBatch()
        for i in range(len(records.ids)):
            try:
                self._select_one(i, records, counts, batch)
            except INVALID as error:
                counts.errors.add_foreign(file, records.numbers[i], describe(error))
        return batch

    def _select_all(self, records: Records, counts: RecordCounts) -> InferenceBatch | None:
        """Return all records if each has the usual form, or else None; the fast path."""
        requests, responses = records.requests, records.responses
        if set(map(type, requests)) != {Request} or set(map(type, responses)) != {Response}:
            return None
        versions = Counter(map(MODEL, responses))
        if not all(map(self._is_usual, versions)):
            return None
        instances = [body.instances for body in requests]
        predictions = [body.predictions for body in responses]
        lengths = list(map(len, instances))
        if list(map(len, predictions)) != lengths or 0 in lengths:
            return None
        for (_, version, _), count in versions.items():
            counts.versions[version] += count
        listed = list(chain.from_iterable(predictions))
        indices = range(len(lengths))
        return InferenceBatch(
            indices,
            lengths,
            indices,
            list(chain.from_iterable(instances)),
            indices,
            listed,
            [False] * len(listed),
        )

    def _is_usual(self, model: tuple[str, str, bool]) -> bool:
        """Return whether a response's name, version and `degraded` are those of most."""
        name, version, degraded = model
        return name == self._name and not degraded and self._admits(version)

    def _admits(self, version: str) -> bool:
        """Return whether a version is one of those to select."""
        if OTHER_MODEL in version:
            return False
        return self._versions is None or version in self._versions

    def _select_one(
        self, i: int, records: Records, counts: RecordCounts, batch: InferenceBatch
    ) -> None:
        request, body = records.requests[i], records.responses[i]
        response = None
        if body is not None:
            response = self._parser.response(body)
            if response is None:
                counts.rejected += 1
                return
        rows = [] if request is None else self._parser.rows(request)
        if response and rows and len(rows) != len(response.predictions):
            raise ValueError(
                f"has {len(rows)} rows in the request and "
                f"{len(response.predictions)} predictions in the response"
            )
        version = (response and response.version) or UNSTATED
        counts.versions[version] += 1
        if version != UNSTATED and not self._admits(version):
            return
        if response:
            batch.responded.append(len(batch.records))
            batch.predictions += response.predictions
            batch.by_fallback += response.by_fallback
        batch.records.append(i)
        batch.counts.append(len(rows) or len(response.predictions if response else ()))
        if rows:
            batch.requested.append(len(batch.records) - 1)
        batch.rows += rows
