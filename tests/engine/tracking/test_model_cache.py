"""A cached model is complete, verified, and fetched once."""

import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from modelserve import artifact
from modelserve.artifact import Artifact
from modelserve.errors import ArtifactError, ConfigurationError
from modelserve.signature import SIGNATURE
from modelserve.tracking.model_cache import (
    ABANDONED_AFTER_S,
    PARTIAL,
    cache_folder,
    fetch,
    is_complete,
)

Download = Callable[[Path], Path]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return where an artifact is cached."""
    return tmp_path / "cache" / "iris-model" / "1-abc"


@pytest.fixture
def download(trained: Artifact) -> Download:
    """Return what copies an artifact, as a server would send it."""

    def copy(empty: Path) -> Path:
        return Path(shutil.copytree(trained.folder, empty / "model"))

    return copy


def refuse(_: Path) -> Path:
    """Fail the test: nothing should be downloaded."""
    raise AssertionError("downloaded")


def test_a_complete_artifact_is_downloaded_once(folder: Path, download: Download) -> None:
    assert fetch(folder, download) == folder
    assert is_complete(folder)
    assert fetch(folder, refuse) == folder
    assert [each.name for each in folder.parent.iterdir()] == [folder.name]


def test_a_damaged_artifact_is_downloaded_again(folder: Path, download: Download) -> None:
    fetch(folder, download)
    (folder / artifact.MODEL).write_bytes(b"")
    fetch(folder, download)
    assert is_complete(folder)


def test_files_beside_the_artifact_are_removed(folder: Path, download: Download) -> None:
    def more(empty: Path) -> Path:
        fresh = download(empty)
        (fresh / "MLmodel").write_text("{}", encoding="utf-8")
        (fresh / SIGNATURE).write_text("{}", encoding="utf-8")
        (fresh / "metadata").mkdir()
        (fresh / "link").symlink_to("/")
        return fresh

    fetch(folder, more)
    names = {each.name for each in folder.iterdir()}
    assert SIGNATURE in names
    assert names.isdisjoint({"MLmodel", "metadata", "link"})


def test_what_does_not_match_its_manifest_is_not_kept(folder: Path, download: Download) -> None:
    def damage(empty: Path) -> Path:
        fresh = download(empty)
        (fresh / artifact.MODEL).write_bytes(b"other")
        return fresh

    with pytest.raises(ArtifactError, match="does not match its manifest"):
        fetch(folder, damage)
    assert list(folder.parent.iterdir()) == []


def test_a_download_that_fails_leaves_nothing(folder: Path) -> None:
    def fail(empty: Path) -> Path:
        (empty / "half").write_bytes(b"x")
        raise RuntimeError("the server went away")

    with pytest.raises(RuntimeError):
        fetch(folder, fail)
    assert list(folder.parent.iterdir()) == []


def test_processes_that_fetch_at_the_same_time_share_one(folder: Path, download: Download) -> None:
    together, done = threading.Barrier(4), []

    def slow(empty: Path) -> Path:
        fresh = download(empty)
        together.wait(30)  # all have downloaded before one of them is first
        return fresh

    threads = [threading.Thread(target=lambda: done.append(fetch(folder, slow))) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(30)
    assert done == [folder] * 4
    assert [each.name for each in folder.parent.iterdir()] == [folder.name]


def test_a_folder_that_another_process_completed_is_not_replaced(
    folder: Path, download: Download
) -> None:
    inodes: list[int] = []

    def note(empty: Path) -> Path:
        fetch(folder, download)
        inodes.append(folder.stat().st_ino)
        return download(empty)

    fetch(folder, note)
    assert inodes == [folder.stat().st_ino]


def test_what_killed_processes_left_is_removed_after_a_day(
    folder: Path, download: Download
) -> None:
    old, running = (folder.parent / f"{PARTIAL}{each}" for each in ("old", "running"))
    for each in (old, running):
        each.mkdir(parents=True)
    past = old.stat().st_mtime - ABANDONED_AFTER_S - 60
    os.utime(old, (past, past))
    fetch(folder, download)
    assert not old.exists()
    assert running.exists()


def test_a_cache_that_cannot_be_written_to_is_named(tmp_path: Path, download: Download) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ConfigurationError, match="Set MODEL_CACHE_DIR to a folder"):
        fetch(tmp_path / "file" / "iris-model" / "1", download)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        pytest.param({"MODEL_CACHE_DIR": "/c"}, "/c", id="named"),
        pytest.param({"XDG_CACHE_HOME": "/x"}, "/x/modelserve/models", id="XDG"),
        pytest.param(
            {"MODEL_CACHE_DIR": " ", "XDG_CACHE_HOME": "", "HOME": "/h"},
            "/h/.cache/modelserve/models",
            id="home",
        ),
    ],
)
def test_the_folder_of_the_cache_can_be_chosen(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], expected: str
) -> None:
    for name in ("MODEL_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert cache_folder() == Path(expected)
