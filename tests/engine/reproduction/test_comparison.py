"""The first difference between two files is named by its key or its line."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from modelserve import artifact
from modelserve.artifact import Artifact
from modelserve.reproduction.comparison import (
    compare_files,
    first_difference,
    first_different_line,
)

from tests.engine.reproduction.conftest import Repository


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"a": 1}, {"a": 1}, ""),
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 3]}}, "/a/b/1: 2, now 3"),
        ({"a": 1}, {}, "/a: 1, now null"),
        ({}, {"b": "x"}, '/b: null, now "x"'),
        ({"a": [1]}, {"a": [1, 2]}, "/a: [1], now [1, 2]"),
        (1, "1", 'its content: 1, now "1"'),
        ({"a": "x" * 99}, {"a": 1}, f'/a: "{"x" * 59}…, now 1'),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, ""),
    ],
)
def test_the_first_key_that_differs_is_named(before: Any, after: Any, expected: str) -> None:
    assert first_difference(before, after) == expected


def test_the_first_line_that_differs_is_named() -> None:
    assert first_different_line("a\nb", "a\nc") == "line 2"
    assert first_different_line("a\n", "a\nb\n") == "line 2"


@pytest.fixture
def other(repository: Repository, tmp_path: Path) -> Artifact:
    """Return a copy of the artifact, to change."""
    folder = Path(shutil.copytree(repository.artifact.folder, tmp_path / "other"))
    return artifact.load(folder)


def save(other: Artifact, files: dict[str, bytes]) -> Artifact:
    """Write an artifact of other files."""
    return artifact.save(other.folder, other.manifest, files)


def contents(other: Artifact) -> dict[str, bytes]:
    """Return the files of an artifact."""
    return {name: (other.folder / name).read_bytes() for name in other.manifest.files}


def test_files_of_only_one_artifact_are_named(repository: Repository, other: Artifact) -> None:
    files = contents(other)
    del files[artifact.CARD]
    changed = save(other, files | {"naïve.bin": b"\xff"})
    details = {
        each.name: each.detail
        for each in compare_files(repository.project, repository.artifact, changed)
        if not each.equal
    }
    assert details[artifact.CARD] == "the new artifact has none"
    assert details["naïve.bin"] == "only the new artifact has it"


def test_a_graph_that_does_not_run_is_a_difference(repository: Repository, other: Artifact) -> None:
    files = contents(other) | {
        artifact.MODEL: b"no graph",
        artifact.CARD: b"\xff",
        artifact.GOLDEN: (other.folder / artifact.GOLDEN).read_bytes() + b"\n",
    }
    compared = compare_files(repository.project, repository.artifact, save(other, files))
    details = {each.name: each.detail for each in compared if not each.equal}
    assert details[artifact.MODEL].startswith("its outputs cannot be compared: ")
    assert details[artifact.CARD].endswith("and 1 bytes")
    assert details[artifact.GOLDEN] == "in its form only"


def test_a_model_that_cannot_be_loaded_is_reported_with_the_hook(
    repository: Repository, other: Artifact, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repository.project.service_class, "load_model", lambda *_, **__: None)
    changed = save(other, contents(other) | {artifact.MODEL: b"another graph"})
    compared = compare_files(repository.project, repository.artifact, changed)
    assert next(each.detail for each in compared if each.name == artifact.MODEL) == (
        "its outputs cannot be compared: `load_model` in service.py returned None; return an "
        "object with `run(tensors)`."
    )


def test_when_and_where_a_run_was_is_not_compared(repository: Repository, other: Artifact) -> None:
    manifest = other.manifest.model_copy(update={"git_commit": "c0ffee", "origin": None})
    moved = Artifact(other.folder, manifest)
    compared = compare_files(repository.project, repository.artifact, moved)
    assert all(each.equal for each in compared)
    assert compared[-1].detail == "without created, git_commit, origin"
