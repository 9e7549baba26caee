"""Train an artifact again, in the project as it is now or in a checkout of its commit."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from .. import artifact
from ..artifact import Artifact
from ..errors import ReproductionError, TrainingError
from ..project import Project
from ..training.config import Config
from ..training.reporter import SILENT, Reporter
from ..training.train import train
from .comparison import FileComparison, compare_files
from .conditions import Condition, compare_conditions, compare_data

IMPORTED = "SHA-256"  # of an imported graph, in the provenance
CHANCE = (
    "Nothing that the manifest names differs: the run depends on something else, such as the "
    "processor, the number of threads, the order of a query, or a file that git does not hold."
)


@dataclass(frozen=True)
class Reproduction:
    """The files of an artifact beside those of a second run, and what that run depended on."""

    files: list[FileComparison]
    conditions: list[Condition] = field(default_factory=list)

    @property
    def equal(self) -> bool:
        """Return whether every file is the same."""
        return all(each.equal for each in self.files)

    @property
    def partial(self) -> list[str]:
        """Return the files that are the same only without the difference to the last model."""
        return [each.name for each in self.files if each.partial]

    @property
    def reasons(self) -> str:
        """Return what may be why files differ."""
        names = [each.name for each in self.conditions if each.differs and each.name != "commit"]
        return (
            f"Of what it was trained from, these differ: {', '.join(names)}." if names else CHANCE
        )


def check(recorded: Artifact, output: Path) -> None:
    """Check that an artifact can be reproduced, into a folder of its own.

    Raises:
        ReproductionError: it was imported, or the folder is its own.
        ArtifactError: the folder holds something else than an artifact.
    """
    if output.resolve() == recorded.folder.resolve():
        raise ReproductionError(f"{output} holds the artifact itself; choose another --output.")
    artifact.check_place(output)
    if recorded.manifest.parity is None and IMPORTED in recorded.manifest.provenance:
        source = recorded.manifest.provenance.get("source", "a file")
        raise ReproductionError(
            f"The model was imported from {source}, not trained here; run `import-onnx` on that "
            "file again, and compare the hashes that `info --json` prints."
        )


def reproduce_here(
    project: Project,
    recorded: Artifact,
    config: Config,
    output: Path,
    *,
    reporter: Reporter = SILENT,
    show: Callable[[list[Condition]], None] = lambda _: None,
) -> Reproduction:
    """Train with the project's present code and data, and the artifact's seed.

    Args:
        project: its code and its data.
        recorded: the artifact to reproduce.
        config: the training configuration; the seed is the artifact's.
        output: the folder of the second artifact.
        reporter: receives the progress of the run and its warnings.
        show: receives what differs now, before the run.

    Raises:
        ReproductionError: the run made no artifact.
        InvalidInputError: the data are invalid.
    """
    manifest = recorded.manifest
    conditions = compare_conditions(manifest, project.root, config)
    show(conditions)
    seeded = config.model_copy(update={"seed": manifest.seed})
    try:
        fresh = train(project, seeded, output, reporter=reporter).artifact
    except TrainingError as error:
        raise ReproductionError(f"The second run made no artifact: {error}") from error
    conditions.append(compare_data(manifest, fresh.manifest))
    return Reproduction(compare_files(project, recorded, fresh), conditions)
