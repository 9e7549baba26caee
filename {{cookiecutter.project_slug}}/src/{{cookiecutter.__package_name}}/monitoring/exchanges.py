"""What one version of a model was asked and answered in a window, sorted out of all records."""

from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import numpy as np

from .forms import UNSTATED, Forms, Row
from .records import FOREIGN, Records, word
from .tally import Tally


@dataclass
class Exchanges:
    """Requests with their answers, column by column.

    Args:
        numbers: of their records.
        counts: how many rows each asks about.
        asked: the rows of all whose input was captured.
        answered: the numbers, among these, of those whose answer was.
        predictions: the rows of their answers.
        degraded: for each of them, whether the prior answered.
    """

    numbers: Any = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    asked: list[Row] = field(default_factory=list)
    answered: Any = field(default_factory=list)
    predictions: list[Row] = field(default_factory=list)
    degraded: list[bool] = field(default_factory=list)


class Sorter:
    """Tells which records to count.

    Args:
        forms: reads bodies.
        name: of the model.
        version: of the model; answers that state none are taken to be its own.
        bounds_us: of the window, in microseconds since the epoch.
    """

    def __init__(
        self, forms: Forms, *, name: str, version: str, bounds_us: tuple[int, int]
    ) -> None:
        """Keep what is looked for."""
        self._forms = forms
        self._version = version
        self._stated = {(name, version, False)}
        self._low, self._high = bounds_us

    def sort(self, records: Records, file: str, tally: Tally) -> Exchanges:
        """Return what is to be counted; the tally is told of all else.

        Args:
            records: of a file.
            file: where they stand.
            tally: of that file.
        """
        inside = (records.times_us >= self._low) & (records.times_us < self._high)
        if inside.all() and (found := self._sort_at_once(records)):
            tally.versions[self._version] += len(found.numbers)
            return found
        tally.outside += len(inside) - int(np.count_nonzero(inside))
        found = Exchanges()
        for i in np.flatnonzero(inside).tolist():
            try:
                self._sort_one(i, records, tally, found)
            except FOREIGN as error:
                tally.faults.note_foreign(file, records.numbers[i], word(error))
        return found

    def _sort_at_once(self, records: Records) -> Exchanges | None:
        """Return all records, if they are what most are; None if any of them is anything else."""
        try:
            asked = [body["instances"] for body in records.asked]
            predictions = [body["predictions"] for body in records.answered]
            stated = {
                (body["model_name"], body["model_version"], body["degraded"])
                for body in records.answered
            }
            found = Exchanges(
                numbers := range(len(asked)),
                list(map(len, asked)),
                list(chain.from_iterable(asked)),
                numbers,
                list(chain.from_iterable(predictions)),
                [False] * len(asked),
            )
        except FOREIGN:
            return None
        usual = (
            stated == self._stated
            and set(map(type, chain(asked, predictions))) == {list}
            and set(map(type, chain(found.asked, found.predictions))) == {dict}
            and list(map(len, predictions)) == found.counts
            and 0 not in found.counts
        )
        return found if usual else None

    def _sort_one(self, i: int, records: Records, tally: Tally, found: Exchanges) -> None:
        question, answer = records.asked[i], records.answered[i]
        reply = None
        if answer is not None:
            reply = self._forms.reply(answer)
            if reply is None:
                tally.refused += 1
                return
        rows = [] if question is None else self._forms.rows(question)
        if reply and rows and len(rows) != len(reply.predictions):
            raise ValueError(f"asks about {len(rows)} rows and answers {len(reply.predictions)}")
        version = (reply and reply.version) or UNSTATED
        tally.versions[version] += 1
        if version not in (self._version, UNSTATED):
            return
        if reply:
            found.answered.append(len(found.numbers))
            found.predictions += reply.predictions
            found.degraded.append(reply.degraded)
        found.numbers.append(i)
        found.counts.append(len(rows) or len(reply.predictions if reply else ()))
        found.asked += rows
