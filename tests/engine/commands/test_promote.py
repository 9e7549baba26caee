"""`promote` prints how to restore the previous model."""

import json
import shutil
from pathlib import Path

from modelserve import artifact
from modelserve.artifact import Artifact
from modelserve.metric_table import METRICS

from tests.engine.commands.run import Command, one_line

FAMILIES = ("iris", "diabetes")


def copy(trained: Artifact, folder: str, **changes: object) -> Path:
    """Copy an artifact, with changes to its manifest."""
    shutil.copytree(trained.folder, folder)
    path = Path(folder, artifact.MANIFEST)
    content = json.loads(path.read_text(encoding="utf-8")) | changes
    path.write_text(json.dumps(content), encoding="utf-8")
    return Path(folder)


def test_the_command_that_promote_prints_restores_the_previous_model(
    command: Command, trained: Artifact
) -> None:
    measured = trained.manifest.metrics.items()
    worse = {
        name: value + (1 if METRICS[name].better == "lower" else -1) for name, value in measured
    }
    first = command("promote", copy(trained, "first", metrics=worse, version="1"))
    second = command("promote", copy(trained, "second", version="2"))
    assert (first.code, second.code) == (0, 0)
    assert one_line(first.out) == "model now holds 1"
    assert second.out.startswith("model now holds 2\nmodel.previous holds the previous one;")

    way_back = second.out.split("`")[1].split()
    assert way_back[:2] == ["promote", "model.previous"]
    assert command(*way_back).out.startswith("model now holds 1\n")


def test_promote_rejects_a_worse_model(command: Command, trained: Artifact) -> None:
    command("promote", copy(trained, "first"))
    done = command(
        "promote", copy(trained, "second", task="classifier", labels=["other"], fallback=[1.0])
    )
    assert done.code == 1
    assert one_line(done.err).startswith("error: Not promoted: its labels differ")
