"""Compare the files of two artifacts, byte by byte, and say where they differ."""

# Only what `last_model` removes is not compared: the difference to the model that a run replaced.

import json
from typing import Any, NamedTuple

import numpy as np

from .. import artifact
from ..artifact import Artifact
from ..errors import ServiceError, describe_error
from ..hook_calls import load_model
from ..project import Project
from .last_model import FILES, read_without_difference

# Of the manifest: when and where a run was, which is not what it made.
IGNORED = ("created", "git_commit", "origin")
LONGEST = 60  # characters of a value that is shown
EXCLUDED = "without the difference to the last model"


class FileComparison(NamedTuple):
    """A file of two artifacts, and where it differs first, or what of it was not compared."""

    name: str
    equal: bool
    detail: str = ""

    @property
    def partial(self) -> bool:
        """Return whether it is equal only without the difference to the last model."""
        return self.equal and self.detail == EXCLUDED


def compare_files(project: Project, recorded: Artifact, fresh: Artifact) -> list[FileComparison]:
    """Return each file of either artifact, the manifest last.

    Args:
        project: runs the graphs where they differ.
        recorded: the artifact that is reproduced.
        fresh: the one that was trained now.
    """
    names = sorted(recorded.manifest.files.keys() | fresh.manifest.files.keys())
    files = [_compare_file(project, recorded, fresh, name) for name in names]
    partial = [each.name for each in files if each.partial]
    first, second = (_describe_manifest(each, partial) for each in (recorded, fresh))
    if first != second:
        detail = first_difference(first, second)
        return [*files, FileComparison(artifact.MANIFEST, False, detail)]
    detail = f"without {', '.join(IGNORED)}"
    if partial:
        detail += f", and the hashes and sizes of {' and '.join(partial)}"
    return [*files, FileComparison(artifact.MANIFEST, True, detail)]


def _compare_file(
    project: Project, recorded: Artifact, fresh: Artifact, name: str
) -> FileComparison:
    before, after = (each.manifest.files.get(name) for each in (recorded, fresh))
    if before == after:
        return FileComparison(name, True)
    if before and after and name in FILES:
        contents = [read_without_difference(each, name) for each in (recorded, fresh)]
        if contents[0] == contents[1]:
            return FileComparison(name, True, EXCLUDED)
    return FileComparison(name, False, find_difference(project, recorded, fresh, name))


def _describe_manifest(made: Artifact, partial: list[str]) -> dict[str, Any]:
    """Return what is compared of a manifest; its size is that of the other files."""
    content = made.manifest.model_dump(mode="json", exclude=set(IGNORED))
    for name in partial:
        del content["files"][name]
        content["size_bytes"] -= (made.folder / name).stat().st_size
    return content


def find_difference(project: Project, recorded: Artifact, fresh: Artifact, name: str) -> str:
    """Return where a file of two artifacts differs first."""
    if name not in recorded.manifest.files:
        return "only the new artifact has it"
    if name not in fresh.manifest.files:
        return "the new artifact has none"
    if name == artifact.MODEL:
        return describe_outputs(project, recorded, fresh)
    before, after = (read_without_difference(each, name) for each in (recorded, fresh))
    try:
        if name.endswith(".json"):
            return first_difference(json.loads(before), json.loads(after)) or "in its form only"
        return first_different_line(before.decode(), after.decode())
    except (ValueError, RecursionError):
        return f"{len(before)} and {len(after)} bytes"


def first_difference(before: Any, after: Any, path: str = "") -> str:
    """Return the first key at which two JSON values differ, with both values; "" if none."""
    if isinstance(before, dict) and isinstance(after, dict):
        keys = [*before, *(key for key in after if key not in before)]
        pairs = [(key, before.get(key), after.get(key)) for key in keys]
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        pairs = [(index, *each) for index, each in enumerate(zip(before, after, strict=True))]
    elif before == after:
        return ""
    else:
        return f"{path or 'its content'}: {_shorten(before)}, now {_shorten(after)}"
    found = (first_difference(a, b, f"{path}/{key}") for key, a, b in pairs if a != b)
    return next(found, "")


def first_different_line(before: str, after: str) -> str:
    """Return the number of the first line that differs."""
    lines = before.splitlines(), after.splitlines()
    same = next(
        (i for i, (a, b) in enumerate(zip(*lines, strict=False)) if a != b), min(map(len, lines))
    )
    return f"line {same + 1}"


def describe_outputs(project: Project, recorded: Artifact, fresh: Artifact) -> str:
    """Return by how much the outputs of two graphs differ on the recorded golden cases."""
    try:
        difference = output_difference(project, recorded, fresh)
    except ServiceError as error:
        return f"its outputs cannot be compared: {error}"
    except Exception as error:  # pylint: disable=broad-exception-caught  # onnxruntime's have no base
        return f"its outputs cannot be compared: {describe_error(error)}"
    return f"outputs on the golden cases differ by at most {difference:.3g}"


def output_difference(project: Project, recorded: Artifact, fresh: Artifact) -> float:
    """Return the largest difference between the outputs of two graphs, which may be NaN."""
    cases = recorded.read_json(artifact.GOLDEN)
    settings = project.load_settings()
    service = project.service_class(settings, recorded)
    feeds = [service.codec.inputs.gather([case["input"]]).tensors for case in cases]
    before, after = (
        np.concatenate([model.run(each) for each in feeds])
        for model in (load_model(service, each, threads=1) for each in (recorded, fresh))
    )
    with np.errstate(invalid="ignore"):  # infinity minus infinity
        difference = np.abs(before.astype(np.float64) - after)
    return float(difference.max(initial=0))


def _shorten(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=True)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
