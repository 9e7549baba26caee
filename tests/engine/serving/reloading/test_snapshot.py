"""An artifact is copied as a whole, also while its folder is replaced."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from modelserve.artifact import MODEL, Artifact
from modelserve.errors import ArtifactError
from modelserve.serving.reloading import snapshot
from modelserve.serving.reloading.snapshot import Snapshots

from tests.engine.model_variants import save_variant


def test_a_folder_that_is_replaced_while_it_is_copied_is_copied_again(
    trained: Artifact, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = save_variant(trained, tmp_path / "model", "2.0", shift=1).folder
    copy, copied = shutil.copyfile, []

    def copy_slowly(source: Any, target: Any, **options: Any) -> Any:
        copied.append(source)
        if len(copied) == 1:
            save_variant(trained, folder, "3.0", shift=2)
        return copy(source, target, **options)

    monkeypatch.setattr(snapshot.shutil, "copyfile", copy_slowly)
    snapshots = Snapshots()
    taken = snapshots.take(folder)
    assert taken.manifest.version == "3.0"
    assert taken.model.read_bytes() == (folder / MODEL).read_bytes()
    assert len([*taken.folder.parent.glob("artifact-*")]) == 1  # the first attempt is removed
    snapshots.close()
    assert not taken.folder.parent.exists()


def test_a_folder_that_is_replaced_again_and_again_is_refused(
    trained: Artifact, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = save_variant(trained, tmp_path / "model", "0", shift=1).folder
    copy, versions = snapshot.copy_files, []

    def copy_half(source: Path, target: Path) -> None:
        versions.append(source)
        save_variant(trained, source, str(len(versions)), shift=1 + len(versions) % 2)
        copy(source, target)
        (target / MODEL).write_bytes(b"of another version")

    monkeypatch.setattr(snapshot, "copy_files", copy_half)
    with pytest.raises(ArtifactError, match=r"does not match its manifest"):
        Snapshots().take(folder)
    assert len(versions) == snapshot.ATTEMPTS


def test_a_copy_does_not_change_with_its_source(trained: Artifact, tmp_path: Path) -> None:
    folder = save_variant(trained, tmp_path / "model", "2.0").folder
    snapshots = Snapshots()
    taken = snapshots.take(folder)
    shutil.rmtree(folder)
    assert taken.model.exists()
    snapshots.remove(taken)
    assert not taken.folder.exists()
    snapshots.remove(trained)
    assert trained.folder.exists()
    snapshots.close()


def test_without_a_place_for_copies_the_message_says_what_to_do(
    trained: Artifact, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: object) -> None:
        raise OSError("Read-only file system")

    monkeypatch.setattr(snapshot.tempfile, "mkdtemp", fail)
    with pytest.raises(ArtifactError, match=r"Mount a writable /tmp, or set TMPDIR"):
        Snapshots().take(trained.folder)
