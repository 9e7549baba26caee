"""A service whose artifact disagrees with its graph ends with one line, whatever its workers."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from modelserve import artifact
from modelserve.artifact import Artifact

from tests.engine.families import Family

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

ENDS_WITHIN_S = 60


@pytest.fixture
def broken(trained: Artifact, tmp_path: Path) -> Path:
    """Return the folder of an artifact with more labels than its graph has outputs."""
    folder = Path(shutil.copytree(trained.folder, tmp_path / "model"))
    path = folder / artifact.MANIFEST
    content = json.loads(path.read_bytes())
    content["labels"].append("one more")
    content["fallback"].append(0.0)
    path.write_bytes(artifact.to_text(content))
    return folder


@pytest.mark.parametrize("workers", ["1", "2"])
def test_serve_ends_with_one_line_and_the_code_of_an_error(
    family: Family, broken: Path, workers: str
) -> None:
    done = subprocess.run(
        [*family.command, "serve", "--port", "0", "--model", str(broken), "--workers", workers],
        env={"PYTHONPATH": family.python_path, "PATH": ""},
        cwd=family.root,
        capture_output=True,
        text=True,
        timeout=ENDS_WITHIN_S,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: The graph in {broken} does not match its manifest: ")
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stdout
