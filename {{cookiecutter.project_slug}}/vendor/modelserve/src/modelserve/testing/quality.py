"""The training run's own evaluation, repeated on the rows that it held out."""

# pylint: disable=import-outside-toplevel  # a project's tests may run where only serving is
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..artifact import Artifact
from ..project import Project

if TYPE_CHECKING:
    from ..training.config import Config


@contextmanager
def warnings_shown() -> Iterator[None]:
    """Show warnings, as pytest does at its end, where `filterwarnings` makes them failures.

    What a project's own data and model warn of is no fault of its service.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        yield


@warnings_shown()
def measure_on_test_rows(
    project: Project, artifact: Artifact, config: "Config"
) -> tuple[dict[str, float], str]:
    """Return an artifact's metrics on the test rows, and the bounds of the gate that it misses.

    Args:
        project: its data, and its own metrics.
        artifact: the model.
        config: the split, the seed and the gate.

    Returns:
        the metrics that have a value, by name, and a text that is empty when the gate is met.
    """
    from ..training import gate
    from ..training.metrics import defined, measure_artifact
    from ..training.parity import run_graph
    from ..training.splits import load_splits

    test = load_splits(project, config).test.select(artifact)
    outputs = run_graph(artifact.paths, test)
    results, measured = measure_artifact(project, artifact.manifest, test, outputs, config.gate)
    return defined(measured.metrics), gate.failures(results)
