"""The processes of one start share a folder; nothing of an earlier start comes back."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from modelserve import errors
from modelserve.serving import shared_folder
from modelserve.serving.metric_families import MetricFamilies
from modelserve.serving.shared_folder import WORKERS, remove_dead_gauges

from tests.engine.families import LIBRARY

SHARED = shared_folder.SHARED_METRICS
LEFT = ("counter_7.db", "gauge_livemax_7.db", "gauge_max_8.db", "histogram_7.db", "summary_7.db")
OTHERS = ("counter_mine.db", "notes.txt", "other_7.db")
DEAD = 2**22 + 1  # no process has this id
PATIENCE_S = 30
ON_POSIX = pytest.mark.skipif(os.name == "nt", reason="Windows has no flock")

# It ends when its input does.
OWNER = """
import sys
from modelserve.serving.shared_folder import shared_folder
with shared_folder():
    print("ready", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def temporary(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Return an empty folder for temporary files; no folder for metrics is named."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    for name in (SHARED, WORKERS):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture
def chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Return the folder that the operator has chosen for metrics."""
    folder = tmp_path / "series"
    folder.mkdir()
    monkeypatch.setenv(SHARED, str(folder))
    return folder


@pytest.fixture
def owner(temporary: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Return another process with a folder of its own, among the temporary files."""
    environment = os.environ | {"TMPDIR": str(temporary), "PYTHONPATH": str(LIBRARY / "src")}
    command = [sys.executable, "-c", OWNER]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        yield process
        process.kill()


def test_the_folder_is_named_to_the_workers_and_removed_at_the_end(temporary: Path) -> None:
    with shared_folder.shared_folder():
        (folder,) = temporary.iterdir()
        assert (os.environ[WORKERS], os.environ[SHARED]) == (str(folder), str(folder))
        assert folder.stat().st_mode & 0o077 == 0
        (folder / "counter_1.db").touch()
    assert not folder.exists()
    assert not {WORKERS, SHARED} & os.environ.keys()


def test_a_chosen_folder_loses_the_metrics_of_earlier_starts_and_nothing_else(
    chosen: Path, temporary: Path
) -> None:
    for name in (*LEFT, *OTHERS):
        (chosen / name).touch()
    with shared_folder.shared_folder():
        assert os.environ[SHARED] == str(chosen)
        assert Path(os.environ[WORKERS]).parent == chosen
        assert {path.name for path in chosen.iterdir() if path.is_file()} == {*OTHERS}
        (chosen / LEFT[0]).touch()
    assert {path.name for path in chosen.iterdir()} == {*OTHERS, LEFT[0]}
    assert os.environ[SHARED] == str(chosen)
    assert not any(temporary.iterdir())


@ON_POSIX
@pytest.mark.e2e
def test_folders_of_killed_processes_are_removed_and_those_of_others_stay(
    owner: subprocess.Popen[bytes], temporary: Path
) -> None:
    (temporary / "metrics-mine").mkdir()
    (temporary / "metrics-link").symlink_to(temporary / "metrics-mine")
    with shared_folder.shared_folder():
        assert len(list(temporary.iterdir())) == 4
    owner.send_signal(signal.SIGKILL)
    owner.wait(PATIENCE_S)
    assert len(list(temporary.iterdir())) == 3
    with shared_folder.shared_folder():
        assert len(list(temporary.iterdir())) == 3
    assert {path.name for path in temporary.iterdir()} == {"metrics-mine", "metrics-link"}


@ON_POSIX
@pytest.mark.e2e
def test_metrics_of_a_service_that_runs_in_the_same_folder_stay(
    owner: subprocess.Popen[bytes],
    temporary: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv(SHARED, str(temporary))
    (temporary / LEFT[0]).touch()
    with shared_folder.shared_folder():
        assert (temporary / LEFT[0]).exists()
    assert len(caplog.records) == 1
    owner.kill()
    owner.wait(PATIENCE_S)
    with shared_folder.shared_folder():
        assert not (temporary / LEFT[0]).exists()


@ON_POSIX
def test_a_file_system_without_locks_is_no_obstacle(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: object) -> None:
        raise OSError("no locks available")

    monkeypatch.setattr(shared_folder, "lock", refuse)
    with shared_folder.shared_folder():
        assert len(list(temporary.iterdir())) == 1
    assert not any(temporary.iterdir())


@pytest.mark.parametrize("missing", ["series", "temporary"])
def test_without_a_place_there_is_one_line_with_the_way_out(
    request: pytest.FixtureRequest, temporary: Path, missing: str
) -> None:
    if missing == "series":
        request.getfixturevalue("chosen").rmdir()
    else:
        temporary.rmdir()
    with (
        pytest.raises(errors.ConfigurationError, match=f"No such file.*Set {SHARED}"),
        shared_folder.shared_folder(),
    ):
        pytest.fail("it started")


@ON_POSIX
def test_only_gauges_of_dead_workers_are_removed(tmp_path: Path) -> None:
    alive = os.getpid()
    gone = f"gauge_livemax_{DEAD}.db"
    stay = {f"gauge_livemax_{alive}.db", f"counter_{DEAD}.db", f"gauge_max_{DEAD}.db", *OTHERS}
    for name in (gone, *stay):
        (tmp_path / name).touch()
    remove_dead_gauges(tmp_path)
    assert {path.name for path in tmp_path.iterdir() if path.is_file()} == stay


def test_a_folder_that_another_start_removes_meanwhile_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / f"{shared_folder.PREFIX}gone"
    monkeypatch.setattr(Path, "glob", lambda *_: iter([gone]))
    assert not shared_folder.remove_left_folders(tmp_path)


def test_a_file_that_a_worker_has_just_created_is_left_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It is empty for a moment, in which another worker may be asked for its metrics."""
    (tmp_path / "counter_7.db").touch()
    monkeypatch.setenv(SHARED, str(tmp_path))
    assert [*MetricFamilies().collect()] == []
