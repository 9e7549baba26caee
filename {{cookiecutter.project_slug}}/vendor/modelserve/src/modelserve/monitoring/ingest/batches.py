"""Selects the records of one model version and one time window."""

from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import numpy as np

from ..counts import CaptureCounts
from .bodies import UNSTATED, BodyParser, Row
from .records import INVALID, Records, describe


@dataclass
class InferenceBatch:
    """Requests and their responses as columns.

    Args:
        records: the indices of their records.
        counts: the rows of each request.
        rows: of all requests that were captured.
        responded: the indices of the requests whose response was captured.
        predictions: of all these responses.
        by_fallback: for each of these predictions, whether the fallback gave it.
    """

    records: Any = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    responded: Any = field(default_factory=list)
    predictions: list[Row] = field(default_factory=list)
    by_fallback: list[bool] = field(default_factory=list)


class RecordFilter:
    """Selects the records to count.

    Args:
        parser: of bodies.
        name: of the model.
        version: of the model; a response without a version counts as this one's.
        bounds_us: of the window, in microseconds since the epoch.
    """

    def __init__(
        self, parser: BodyParser, *, name: str, version: str, bounds_us: tuple[int, int]
    ) -> None:
        """Read the window and the version."""
        self._parser = parser
        self._version = version
        self._own = {(name, version, False)}
        self._low, self._high = bounds_us

    def inside(self, records: Records, counts: CaptureCounts) -> Records:
        """Return the records in the window, and count all others."""
        inside = (records.times_us >= self._low) & (records.times_us < self._high)
        counts.outside += len(inside) - int(np.count_nonzero(inside))
        return records.take(inside)

    def select(self, records: Records, file: str, counts: CaptureCounts) -> InferenceBatch:
        """Return the records of the model's version, and count all others.

        Args:
            records: of a file.
            file: its name in reported errors.
            counts: of all files so far.
        """
        if batch := self._select_all(records):
            counts.versions[self._version] += len(batch.records)
            return batch
        batch = InferenceBatch()
        for i in range(len(records.ids)):
            try:
                self._select_one(i, records, counts, batch)
            except INVALID as error:
                counts.errors.add_foreign(file, records.numbers[i], describe(error))
        return batch

    def _select_all(self, records: Records) -> InferenceBatch | None:
        """Return all records if each has the usual form, or else None; the fast path."""
        try:
            instances = [body["instances"] for body in records.requests]
            predictions = [body["predictions"] for body in records.responses]
            models = {
                (body["model_name"], body["model_version"], body["degraded"])
                for body in records.responses
            }
            batch = InferenceBatch(
                indices := range(len(instances)),
                list(map(len, instances)),
                list(chain.from_iterable(instances)),
                indices,
                listed := list(chain.from_iterable(predictions)),
                [False] * len(listed),
            )
        except INVALID:
            return None
        usual = (
            models == self._own
            and set(map(type, chain(instances, predictions))) == {list}
            and set(map(type, chain(batch.rows, batch.predictions))) == {dict}
            and list(map(len, predictions)) == batch.counts
            and 0 not in batch.counts
        )
        return batch if usual else None

    def _select_one(
        self, i: int, records: Records, counts: CaptureCounts, batch: InferenceBatch
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
        if version not in (self._version, UNSTATED):
            return
        if response:
            batch.responded.append(len(batch.records))
            batch.predictions += response.predictions
            batch.by_fallback += response.by_fallback
        batch.records.append(i)
        batch.counts.append(len(rows) or len(response.predictions if response else ()))
        batch.rows += rows
