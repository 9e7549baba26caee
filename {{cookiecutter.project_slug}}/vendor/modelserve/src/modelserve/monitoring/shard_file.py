"""The file with the counts of one shard of the captures: a ZIP archive, without pickles."""

import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple, get_args, get_origin, get_type_hints
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile

import numpy as np
from numpy.typing import NDArray

from ..errors import MonitoringError
from .bitmap import Bitmap
from .counts import CaptureCounts
from .ground_truth import GroundTruth
from .ingest.duplicates import KEY
from .key_files import DIVISIONS, read_division
from .lines import LineErrors
from .outcome_counts import OutcomeCounts

COUNTS, MATCHED, KEYS = "counts.json", "matched", "keys"  # the archive's members
ARRAY = get_origin(NDArray[np.int64])  # `np.ndarray`, or from Python 3.12 on an alias


class ShardFile(NamedTuple):
    """A shard's file, which exists if it is complete.

    It has the counts, a bit for each ground truth, whether it was matched, and 8 bytes for each
    record: its key, by which records that other shards have, too, are found.

    Args:
        path: of the file.
        shard: its number, from 0.
        plan: the digest of the plan.
    """

    path: Path
    shard: int
    plan: str

    def write(
        self, counts: CaptureCounts, truths: GroundTruth | None, key_folders: Sequence[Path]
    ) -> None:
        """Write the file in one step.

        Args:
            counts: of the shard.
            truths: the whole ground truth, None without one.
            key_folders: of the keys of the shard's records.

        Raises:
            OSError: the disk rejects it.
        """
        plain = to_plain(counts) | {"matched": None}
        plain["timeline"] |= {"hour": None, "total": 0}  # nothing is counted any more
        content = {"plan": self.plan, "shard": self.shard, "counts": plain, "truths": None}
        if truths:
            content["truths"] = [truths.count, truths.duplicate, to_plain(truths.errors)]
        folder, name = self.path.parent, self.path.name
        with TemporaryDirectory(dir=folder, prefix=f".{name}-") as scratch:
            fresh = Path(scratch, name)
            with ZipFile(fresh, "w") as archive:
                archive.writestr(COUNTS, json.dumps(content), ZIP_DEFLATED)
                archive.writestr(MATCHED, counts.matched.octets.tobytes(), ZIP_DEFLATED)
                for number in range(DIVISIONS):
                    rows = np.concatenate(read_division(key_folders, KEY, number))
                    archive.writestr(f"{KEYS}/{number}", np.unique(rows["key"]).tobytes())
            fresh.replace(self.path)

    def check(self) -> None:
        """Raise if the file is none of this shard.

        Raises:
            MonitoringError: it is missing, damaged, or of another shard; the message names it.
        """
        with self._open() as archive:
            self._content(archive)

    def read(self, outcomes: type[OutcomeCounts]) -> tuple[CaptureCounts, GroundTruth | None]:
        """Return the counts, and the number of ground truths without their content.

        Args:
            outcomes: the counts of the model's task.

        Raises:
            MonitoringError: as for `check`.
        """
        with self._open() as archive:
            content, truths = self._content(archive), None
            counts = from_plain(CaptureCounts, content["counts"], {OutcomeCounts: outcomes})
            counts.matched = Bitmap(np.frombuffer(archive.read(MATCHED), np.uint8).copy())
            if content["truths"]:
                count, duplicate, errors = content["truths"]
                errors = from_plain(LineErrors, errors, {})
                truths = GroundTruth(Path(), np.dtype([]), count, duplicate, errors)
        return counts, truths

    def extract_keys(self, folder: Path) -> Path:
        """Write the keys of the records as `KeyWriter` does, and return their folder.

        Raises:
            MonitoringError: as for `check`.
        """
        with self._open() as archive:
            archive.extractall(folder, [f"{KEYS}/{number}" for number in range(DIVISIONS)])
        return folder / KEYS

    @contextmanager
    def _open(self) -> Iterator[ZipFile]:
        again = f"count shard {self.shard} again"
        try:
            with ZipFile(self.path) as archive:
                yield archive
        except FileNotFoundError as error:
            raise MonitoringError(f"{self.path} is missing; {again}.") from error
        except (OSError, BadZipFile, zlib.error, LookupError, TypeError, ValueError) as error:
            raise MonitoringError(
                f"{self.path} cannot be read: {error}; remove it, and {again}."
            ) from error

    def _content(self, archive: ZipFile) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(archive.read(COUNTS))
        if (content["plan"], content["shard"]) != (self.plan, self.shard):
            raise MonitoringError(
                f"{self.path} holds shard {content['shard']} of "
                f"{'this' if content['plan'] == self.plan else 'another'} plan; "
                f"count shard {self.shard} again."
            )
        return content


def to_plain(value: Any) -> Any:
    """Return counts as values of JSON; its integers have no limit."""
    if is_dataclass(value):
        return {each.name: to_plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, Mapping):
        return {str(key): to_plain(each) for key, each in value.items()}
    return [to_plain(each) for each in value] if isinstance(value, list) else value


def from_plain(kind: Any, plain: Any, concrete: Mapping[Any, Any]) -> Any:
    """Return counts of a type from values of JSON.

    Args:
        kind: as a field's annotation has it.
        plain: the values.
        concrete: the classes of fields with an abstract one.
    """
    kind = concrete.get(kind, kind)
    origin, arguments = get_origin(kind) or kind, get_args(kind)
    if plain is None:
        return None
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        values = {name: from_plain(hints[name], each, concrete) for name, each in plain.items()}
        return kind(**values)  # type: ignore[operator]
    if origin is ARRAY:
        dtype = arguments[-1]  # an alias has the scalar's type
        return np.array(plain, dtype=next(iter(get_args(dtype)), dtype))
    if origin is list:
        return [from_plain(arguments[0], each, concrete) for each in plain]
    if origin is dict:
        key, item = arguments
        return {key(name): from_plain(item, each, concrete) for name, each in plain.items()}
    return origin(plain) if isinstance(plain, dict) else plain  # a Counter
