"""Compare two artifacts without what each says about the last model in its folder."""

# The difference to the last model is of the run, not of the artifact: it depends on what lay in the
# output folder, and no commit names that.

import json
from typing import Any

from .. import artifact
from ..artifact import Artifact
from ..training.evidence.evaluation import EVALUATION
from ..training.evidence.files import DIFFERENCE

KEY = "difference"
HEADING = f"\n## {DIFFERENCE}\n"
FILES = (EVALUATION, artifact.CARD)  # that mention the last model


def read_without_difference(made: Artifact, name: str) -> bytes:
    """Return a file of an artifact without the difference to the last model, if it has one."""
    content = (made.folder / name).read_bytes()
    evaluation = _read_evaluation(made) if name in FILES else None
    if evaluation is None or evaluation[KEY] is None:
        return content
    if name == EVALUATION:
        return artifact.to_text(evaluation | {KEY: None})
    before, heading, section = content.rpartition(HEADING.encode())
    _, next_heading, after = section.partition(b"\n## ")
    return before + next_heading + after if heading else content


def _read_evaluation(made: Artifact) -> dict[str, Any] | None:
    """Return the evaluation; None if it is missing, or not in the form that training writes."""
    if EVALUATION not in made.manifest.files:
        return None
    content = (made.folder / EVALUATION).read_bytes()
    try:
        evaluation = json.loads(content)
        if KEY in evaluation and artifact.to_text(evaluation) == content:
            return dict(evaluation)
    except (ValueError, TypeError, RecursionError):
        pass
    return None
