"""What a complete shard of a batch job is known by: its manifest, beside its answers."""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from pydantic import ValidationError
from pydantic_core import to_json

from ..errors import MalformedError
from ..manifest import Manifest, Record
from .stored_files import OutputFolder, StoredFile
from .summary import BatchCounts
from .tables import Shard

SUCCESS = "_SUCCESS"
OURS = re.compile(r"(part|_rejected|_part)-\d+-of-(\d+)([.-].+)").fullmatch
DIGITS = 12  # of a job's digest, in the names of manifests


class JobIdentity(Record):
    """What the shards of one job have in common: the source, the model, and the options.

    `source` is the SHA-256 of the files' names, sizes and times or ETags, `model` that of the
    artifact's manifest, which has the digests of its files.
    """

    source: str
    files: int
    size_bytes: int
    model_name: str
    model_version: str
    model: str
    shards: int
    options: dict[str, str]

    @property
    def digest(self) -> str:
        """Return what the names of its manifests end with."""
        return hashlib.sha256(to_json(self)).hexdigest()[:DIGITS]

    def differences(self, other: "JobIdentity") -> str:
        """Return in which fields another job differs, as text."""
        mine, its = self.model_dump(), other.model_dump()
        return ", ".join(
            f"{name} ({its[name]!s:.60} there)" for name in mine if mine[name] != its[name]
        )


class ShardManifest(Record):
    """A complete shard: the file of its answers, None without an answered row, and the counts."""

    format: Literal[1] = 1
    job: JobIdentity
    shard: int
    part: str | None
    size_bytes: int
    rows: int
    rejected: int
    out_of_range: int


class ShardNames:
    """The names of a shard's files: data begin with `part-`, what is no data with `_`.

    Args:
        shard: of the job.
        suffix: of the answers.
        digest: of the job: who lists the folder sees other jobs without opening a file.
    """

    def __init__(self, shard: Shard, suffix: str, digest: str) -> None:
        """Write the shard's number, from 0, with leading zeros: names sort by number."""
        self.index, self._count = shard.index, shard.count
        self._ends = {"part": suffix, "_rejected": ".jsonl", "_part": f"-{digest}.json"}
        self.part, self.rejected, self.manifest = (
            f"{kind}-{shard.index:05d}-of-{shard.count:05d}{end}"
            for kind, end in self._ends.items()
        )

    def are_complete(self, names: Iterable[str]) -> int:
        """Return how many of some names are those of the job's manifests."""
        end = self._ends["_part"]
        return sum(name.startswith("_part-") and name.endswith(end) for name in names)

    def are_foreign(self, names: Iterable[str]) -> list[str]:
        """Return the names of files of other jobs: other shards, another format or digest."""
        matches = sorted(filter(None, map(OURS, names)), key=lambda match: match[0])
        return [
            match[0]
            for match in matches
            if int(match[2]) != self._count or match[3] != self._ends[match[1]]
        ]


def identify(
    files: Sequence[StoredFile], manifest: Manifest, shards: int, options: Mapping[str, str]
) -> JobIdentity:
    """Return the identity of a job.

    Args:
        files: of the source.
        manifest: of the model.
        shards: their number.
        options: that change the answers.
    """
    listed = [(each.name, each.size_bytes, each.version) for each in files]
    return JobIdentity(
        source=hashlib.sha256(to_json(listed)).hexdigest(),
        files=len(files),
        size_bytes=sum(each.size_bytes for each in files),
        model_name=manifest.name,
        model_version=manifest.version,
        model=hashlib.sha256(to_json(manifest)).hexdigest(),
        shards=shards,
        options=dict(options),
    )


class ShardFolder:
    """The shards of one job in a folder.

    Args:
        folder: of the answers.
        place: as the user wrote it.
        job: whose shards they are.
        names: of the files of one shard.
    """

    def __init__(
        self, folder: OutputFolder, place: str, job: JobIdentity, names: ShardNames
    ) -> None:
        """Keep the parts."""
        self.folder, self._place, self.job, self.names = folder, place, job, names

    def reject_others(self) -> None:
        """Check that the folder has no files of another job.

        Raises:
            MalformedError: it has; the message names one of them and the difference.
        """
        for name in self.names.are_foreign(self.folder.sizes()):
            manifest = self._read(name) if name.endswith(".json") else None
            difference = manifest and self.job.differences(manifest.job)
            raise MalformedError(
                f"{self._place} has shards of another job: {name}"
                f"{f' differs in {difference}' if difference else ''}. Choose another folder, "
                "or replace them by --overwrite."
            )

    def remove_others(self) -> None:
        """Remove the files of other jobs, and what says that this shard is complete.

        Answers of the same name stay until their shard is answered again.
        """
        self.folder.remove(SUCCESS)
        self.folder.remove(self.names.manifest)
        for name in self.names.are_foreign(self.folder.sizes()):
            self.folder.remove(name)

    def completed(self) -> ShardManifest | None:
        """Return the manifest of this shard, if it is complete and its answers are there."""
        sizes = self.folder.sizes()
        manifest = self._read(self.names.manifest) if self.names.manifest in sizes else None
        if manifest is None or (manifest.part and sizes.get(manifest.part) != manifest.size_bytes):
            return None
        return manifest

    def complete(self, counts: BatchCounts) -> ShardManifest:
        """Write the manifest of this shard, whose answers are written; return it.

        The last shard writes `_SUCCESS`, and removes what killed processes left.
        """
        if not counts.rejected:
            self.folder.remove(self.names.rejected)
        if not counts.answered:
            self.folder.remove(self.names.part)
        manifest = ShardManifest(
            job=self.job,
            shard=self.names.index,
            part=self.names.part if counts.answered else None,
            size_bytes=self.folder.sizes()[self.names.part] if counts.answered else 0,
            rows=counts.answered,
            rejected=counts.rejected,
            out_of_range=counts.out_of_range,
        )
        with self.folder.create(self.names.manifest) as stream:
            stream.write(to_json(manifest, indent=2) + b"\n")
        if self.count_complete() == self.job.shards:
            with self.folder.create(SUCCESS) as stream:
                stream.write(b"")
            self.folder.sweep()
        return manifest

    def count_complete(self) -> int:
        """Return how many shards are complete."""
        return self.names.are_complete(self.folder.sizes())

    def _read(self, name: str) -> ShardManifest | None:
        """Return the content of a manifest; None if the file is none."""
        try:
            return ShardManifest.model_validate_json(self.folder.read(name))
        except (FileNotFoundError, ValidationError):
            return None
