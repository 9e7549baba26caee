"""A report stands complete, or what stood there before remains."""

from pathlib import Path

import pytest
from modelserve import artifact
from modelserve.errors import MonitoringError
from modelserve.monitoring import report_folder

FILES = {"report.html": b"<p>", report_folder.MARK: b"{}"}


def content(folder: Path) -> dict[str, bytes]:
    """Return all files of a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_report_is_written_with_all_its_files(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "report"
    report_folder.write(folder, FILES)
    assert content(folder) == FILES
    assert list(folder.parent.iterdir()) == [folder]


def test_an_earlier_report_is_replaced_whole(tmp_path: Path) -> None:
    folder = tmp_path / "report"
    report_folder.write(folder, {**FILES, "old.txt": b""})
    report_folder.write(folder, {**FILES, "report.html": b"new"})
    assert content(folder) == {**FILES, "report.html": b"new"}
    assert list(tmp_path.iterdir()) == [folder]


def test_an_empty_folder_is_as_good_as_none(tmp_path: Path) -> None:
    report_folder.write(tmp_path, FILES)
    assert content(tmp_path) == FILES


@pytest.mark.parametrize("name", ["thesis.odt", "report.html"])
def test_anything_else_is_kept(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"years of work")
    with pytest.raises(MonitoringError, match="holds something that is not a report"):
        report_folder.write(tmp_path, FILES)
    assert content(tmp_path) == {name: b"years of work"}


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "report").touch()
    with pytest.raises(MonitoringError, match="holds something that is not a report"):
        report_folder.check_replaceable(tmp_path / "report")


def test_a_folder_that_cannot_be_looked_into_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(MonitoringError, match=r"cannot be read: .*denied"):
        report_folder.check_replaceable(tmp_path)


def test_when_it_cannot_be_written_the_earlier_report_remains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "report"
    report_folder.write(folder, FILES)

    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(artifact, "replace", fail)
    with pytest.raises(MonitoringError, match=r"cannot be written to .*No space left"):
        report_folder.write(folder, {**FILES, "report.html": b"new"})
    assert content(folder) == FILES
    assert list(tmp_path.iterdir()) == [folder]
