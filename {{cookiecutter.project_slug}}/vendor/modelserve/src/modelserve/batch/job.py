"""Answer one shard of many files into a folder that other shards are written to as well."""

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal, NamedTuple

from ..errors import MalformedError
from ..file_formats import SUFFIXES
from .predictor import WHOLE, BatchPredictor, Watch
from .several_files import UNREADABLE, FilesSource, divide
from .shard_manifest import JobIdentity, ShardFolder, ShardManifest, ShardNames, identify
from .storage import find_files, is_several, open_folder, overlap
from .stored_files import StoredFile
from .streams import compress, suffix_of
from .summary import BatchCounts
from .tables import Keep, Shard

Division = Literal["auto", "files", "rows"]
Format = Literal["csv", "csv.gz", "jsonl", "jsonl.gz", "parquet"]


class FinishedShard(NamedTuple):
    """A shard that is complete: `counts` is None if it was so before; `done` counts the shards."""

    manifest: ShardManifest
    rejected: str
    counts: BatchCounts | None
    done: int


@dataclass(frozen=True)
class BatchJob:
    """The answers to all rows of a source, a file for each shard in one folder.

    A shard that is complete, of the same files, model and options, is not answered again.

    Args:
        predictor: of the model.
        source: a file, a folder or a pattern; a path or a URL.
        output: a folder; a path or a URL.
        keep: which columns the output repeats.
        format: of the answers; that of the first file of the source, if it is None.
        division: whether shards share the files, or the rows of each file; `auto` shares files if
            there are as many as shards.
    """

    predictor: BatchPredictor
    source: str
    output: str
    keep: Keep = "others"
    format: Format | None = None
    division: Division = "auto"

    def run(
        self, shard: Shard = WHOLE, *, overwrite: bool = False, watch: Watch | None = None
    ) -> FinishedShard:
        """Answer the rows of a shard, unless it is complete.

        The answers, the rejected rows and then the manifest appear, each whole.

        Args:
            shard: of this process.
            overwrite: whether to replace shards of other jobs, and this one if it is complete.
            watch: called after each chunk, with the share of the source that was read.

        Raises:
            MalformedError: the source cannot be read, the output cannot be written, or it has
                shards of another job.
            ConfigurationError: a library for the format or the URL is missing.
        """
        try:
            return self._run(shard, overwrite=overwrite, watch=watch)
        except UNREADABLE as error:
            raise MalformedError(
                f"{self.source} cannot be answered into {self.output}: {error}"
            ) from error

    def _run(self, shard: Shard, *, overwrite: bool, watch: Watch | None) -> FinishedShard:
        files = find_files(self.source)
        if overlap(self.source, self.output, files):
            raise MalformedError("the answers would lie among the rows; choose another folder.")
        options = self._options(files, shard)
        job = self._identify(files, shard, options)
        names = ShardNames(shard, f".{options['format']}", job.digest)
        folder = open_folder(self.output)
        shards = ShardFolder(folder, self.output, job, names)
        if overwrite:
            shards.remove_others()
        shards.reject_others()
        if manifest := shards.completed():
            return FinishedShard(manifest, names.rejected, None, shards.count_complete())
        folder.remove(names.manifest)

        try:
            counts = self._answer(files, shards, shard, watch=watch)
        except FileNotFoundError:
            # A scheduler may start a task twice: the other process was faster, and cleaned up.
            if manifest := shards.completed():
                return FinishedShard(manifest, names.rejected, None, shards.count_complete())
            raise
        manifest = shards.complete(counts)
        return FinishedShard(manifest, names.rejected, counts, shards.count_complete())

    def _answer(
        self, files: list[StoredFile], shards: ShardFolder, shard: Shard, *, watch: Watch | None
    ) -> BatchCounts:
        """Write the answers of a shard, and its rejected rows."""
        by_files = shards.job.options["shard_by"] == "files"
        path = PurePosixPath(shards.names.part)
        rows = FilesSource(
            files,
            divide(files, shard) if by_files else files,
            self.predictor.manifest,
            keep=self.keep,
            named=is_several(self.source),
            table=SUFFIXES[suffix_of(path)] != "jsonl",
        )
        with (
            shards.folder.create(shards.names.rejected) as rejected,
            shards.folder.create(shards.names.part) as part,
            compress(part, path) as stream,
        ):
            counts = self.predictor.answer_rows(
                rows,
                self.predictor.open_writer(stream, path, SUFFIXES[suffix_of(path)], rows),
                rejected.write,
                shard=WHOLE if by_files else shard,
                watch=watch,
            )
            if self._identify(find_files(self.source), shard, shards.job.options) != shards.job:
                raise MalformedError("its files changed while they were read; start again.")
            shards.reject_others()
        return counts

    def _options(self, files: list[StoredFile], shard: Shard) -> dict[str, str]:
        """Return what changes the answers, apart from files and model."""
        default = self.predictor.manifest.data.dialect.format or "jsonl"
        of_rows = SUFFIXES.get(suffix_of(PurePosixPath(files[0].name)), default)
        enough = "files" if len(files) >= shard.count else "rows"
        return {
            "keep": self.keep,
            "format": self.format or of_rows,
            "shard_by": enough if self.division == "auto" else self.division,
            "fields": ",".join(self.predictor.further),
        }

    def _identify(
        self, files: list[StoredFile], shard: Shard, options: dict[str, str]
    ) -> JobIdentity:
        return identify(files, self.predictor.manifest, shard.count, options)
