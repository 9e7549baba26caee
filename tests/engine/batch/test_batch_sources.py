"""The files of a source: those of a folder, of a pattern, or one; never those of the answers."""

from io import BytesIO
from pathlib import Path

import pytest
from modelserve.batch import Shard
from modelserve.batch.several_files import divide
from modelserve.batch.storage import find_files, overlap, writes_folder
from modelserve.batch.stored_files import StoredFile
from modelserve.errors import MalformedError

FILES = ("a.csv", "b.jsonl.gz", "day=2/c.parquet", "_SUCCESS", ".hidden.csv", "_tmp/d.csv", "e.csv")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder of empty files."""
    root = tmp_path / "rows"
    for name in FILES:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def found(source: Path | str) -> list[str]:
    """Return the names of the files of a source."""
    return [each.name for each in find_files(str(source))]


@pytest.mark.parametrize("prefix", ["", "file://"])
def test_a_folder_has_its_files_and_those_of_folders_in_it(folder: Path, prefix: str) -> None:
    assert found(f"{prefix}{folder}") == ["a.csv", "b.jsonl.gz", "day=2/c.parquet", "e.csv"]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        pytest.param("*.csv", ["a.csv", "e.csv"], id="*"),
        pytest.param("[b-z].*", ["b.jsonl.gz", "e.csv"], id="[]"),
        pytest.param("?.csv", ["a.csv", "e.csv"], id="?"),
        pytest.param("**/*.parquet", ["day=2/c.parquet"], id="**"),
        pytest.param("day=*/*", ["day=2/c.parquet"], id="a folder"),
    ],
)
def test_a_pattern_chooses_files(
    folder: Path, monkeypatch: pytest.MonkeyPatch, pattern: str, expected: list[str]
) -> None:
    assert found(folder / pattern) == expected
    monkeypatch.chdir(folder)
    assert found(pattern) == expected


def test_a_file_whose_name_looks_like_a_pattern_is_a_file(folder: Path) -> None:
    (folder / "a[1].csv").touch()
    assert found(folder / "a[1].csv") == ["a[1].csv"]
    assert not writes_folder(str(folder / "a[1].csv"), "answers.csv")


@pytest.mark.parametrize("name", ["nothing", "*.nothing", "nothing/*.csv"])
def test_a_source_without_files_is_an_error(folder: Path, name: str) -> None:
    with pytest.raises((MalformedError, FileNotFoundError)):
        find_files(str(folder / name))
    (folder / "empty").mkdir()
    with pytest.raises(MalformedError, match="has no files of rows; check the path"):
        find_files(str(folder / "empty"))


def test_files_of_a_folder_that_are_no_rows_are_named(folder: Path) -> None:
    for i in range(7):
        (folder / f"note{i}.txt").touch()
    with pytest.raises(MalformedError, match=r"note0\.txt, .*note4\.txt and 2 more\. Move them"):
        find_files(str(folder))
    assert found(folder / "note0*") == ["note0.txt"]


@pytest.mark.parametrize(
    ("source", "output", "expected"),
    [
        ("rows", "rows/answers", True),
        ("rows", "rows", True),
        ("rows", "rows/../rows/answers/", True),
        ("rows", "rows-answers", False),
        ("rows", "answers", False),
        ("rows/*.csv", "rows/answers", False),
        ("rows/*.csv", "rows", True),
        ("rows/**/*.parquet", "rows/day=2", True),
        ("rows/a.csv", "rows", False),
        ("link", "rows/answers", True),
    ],
)
def test_answers_among_the_rows_are_noticed(
    folder: Path, monkeypatch: pytest.MonkeyPatch, source: str, output: str, expected: bool
) -> None:
    monkeypatch.chdir(folder.parent)
    Path("link").symlink_to("rows")
    assert overlap(source, output, find_files(source)) is expected


@pytest.mark.parametrize(
    ("source", "output", "expected"),
    [
        ("rows/a.csv", "answers.csv", False),
        ("rows/a.csv", "answers", False),
        ("rows/a.csv", "answers/", True),
        ("rows/a.csv", "rows", True),
        ("rows", "answers", True),
        ("rows/*.csv", "answers", True),
        ("rows/a.csv", "memory://answers", True),
        ("-", "answers/", False),
        ("rows/a.csv", "-", False),
    ],
)
def test_answers_are_a_folder_where_they_cannot_be_one_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch, source: str, output: str, expected: bool
) -> None:
    monkeypatch.chdir(folder.parent)
    assert writes_folder(source, output) is expected


def stored(sizes: list[int]) -> list[StoredFile]:
    """Return files of some sizes."""
    return [StoredFile(f"{i:03d}", size, "", BytesIO) for i, size in enumerate(sizes)]


@pytest.mark.parametrize("count", [1, 2, 3, 7, 20])
@pytest.mark.parametrize(
    "sizes",
    [[1] * 7, [0] * 7, [0, 0, 100, 0], [100, 1, 1, 1], [1, 1, 1, 100], [5], list(range(50))],
)
def test_each_file_is_of_one_shard_and_shards_keep_the_order(sizes: list[int], count: int) -> None:
    files = stored(sizes)
    shards = [divide(files, Shard(index, count)) for index in range(count)]
    assert [file for shard in shards for file in shard] == files


def test_shards_of_files_are_of_about_the_same_size() -> None:
    shards = [divide(stored([10] * 16), Shard(index, 4)) for index in range(4)]
    assert [len(shard) for shard in shards] == [4] * 4
