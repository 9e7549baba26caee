"""Lines of any kind: what can be read is, and the rest is counted and told."""

import gc
import json
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from modelserve.errors import MonitoringError
from modelserve.monitoring import lines
from modelserve.monitoring.lines import (
    GONE,
    LineErrors,
    parse_texts,
    read_blocks,
    read_values,
    without_collector,
)
from modelserve.monitoring.results.captures import LineError
from msgspec import Struct
from msgspec.json import Decoder


class Numbered(Struct):
    """A form with one field."""

    place: int


@pytest.fixture
def errors() -> LineErrors:
    """Return a place for what goes wrong."""
    return LineErrors()


def read(path: Path, content: bytes, errors: LineErrors) -> list[tuple[int, Any]]:
    """Return the values of a file by their lines' numbers."""
    path.write_bytes(content)
    actual = read_values(path, path.name, errors)
    return [pair for each in actual for pair in zip(each.numbers, each.values, strict=True)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where a file goes."""
    return tmp_path / "a.jsonl"


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b'{"a":1}\n{"a":2}\n', id="plain"),
        pytest.param(b'{"a":1}\n{"a":2}', id="no-end"),
        pytest.param(b'\xef\xbb\xbf{"a":1}\n{"a":2}\n', id="BOM"),
        pytest.param(b'{"a":1}\r\n{"a":2}\r\n', id="CRLF"),
    ],
)
def test_one_value_a_line_is_read(path: Path, errors: LineErrors, content: bytes) -> None:
    assert read(path, content, errors) == [(1, {"a": 1}), (2, {"a": 2})]
    assert errors == LineErrors()


@pytest.mark.parametrize("content", [b"", b"\n", b"\n\n \n", b"\xef\xbb\xbf"])
def test_a_file_of_nothing_holds_nothing(path: Path, errors: LineErrors, content: bytes) -> None:
    assert not read(path, content, errors)
    assert errors == LineErrors()


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(b'{"a":', id="torn"),
        pytest.param(b'{"a":1}{"a":2}', id="two-in-a-line"),
        pytest.param(b'{"a":1},{"a":2}', id="two-with-a-comma"),
        pytest.param(b"\xff\xfe", id="no-UTF-8"),
        pytest.param('{"a":1}'.encode("utf-16"), id="UTF-16"),
        pytest.param('{"a":"é"}'.encode("latin-1"), id="Latin-1"),
        pytest.param(b"hello", id="text"),
        pytest.param(b"[" * 5_000, id="deep"),
        pytest.param(b'{"a":1}]', id="closes-what-was-not-open"),
    ],
)
@pytest.mark.parametrize("ending", [b"\n", b""], ids=["line", "torn-end"])
def test_a_wrong_line_is_reported_and_the_others_are_read(
    path: Path, errors: LineErrors, wrong: bytes, ending: bytes
) -> None:
    actual = read(path, b'{"a":1}\n\n' + wrong + b'\n{"a":2}\n' + wrong + ending, errors)
    assert actual == [(1, {"a": 1}), (4, {"a": 2})]
    assert (errors.corrupt, errors.foreign) == (2, 0)
    assert [(each.file, each.line) for each in errors.first] == [("a.jsonl", 3), ("a.jsonl", 5)]
    assert all(each.detail.startswith("is not JSON: ") for each in errors.first)


@pytest.mark.parametrize("beside", [b"", b"?\n"], ids=["alone", "beside-a-wrong-one"])
def test_a_line_is_read_alike_whatever_is_beside_it(
    path: Path, errors: LineErrors, beside: bytes
) -> None:
    path.write_bytes(b'{"place":1,"unread":"\xff"}\n' + beside)
    (actual,) = read_values(path, path.name, errors, Decoder(Numbered))
    assert actual.values == [Numbered(1)]


def test_only_the_first_few_places_are_reported(path: Path, errors: LineErrors) -> None:
    assert not read(path, b"?\n" * 1_000, errors)
    assert errors.corrupt == 1_000
    assert [each.line for each in errors.first] == [1, 2, 3, 4, 5]


def test_later_faults_are_added_behind_the_earlier_ones() -> None:
    both = LineErrors()
    both.add_corrupt("a", 1, "x")
    later = LineErrors()
    for line in range(6):
        later.add_foreign("b", line, "y")
    both.merge(later)
    assert (both.corrupt, both.foreign) == (1, 6)
    assert [(each.file, each.line) for each in both.first] == [
        ("a", 1),
        *(("b", line) for line in range(4)),
    ]


@pytest.mark.parametrize("block_bytes", [1, 2, 7, 64, 10_000])
def test_lines_are_the_same_whatever_the_blocks(
    monkeypatch: pytest.MonkeyPatch, block_bytes: int
) -> None:
    monkeypatch.setattr(lines, "BLOCK_BYTES", block_bytes)
    content = b"".join(json.dumps({"n": n, "s": "x" * n}).encode() + b"\n" for n in range(50))
    actual = [line for some in read_blocks(BytesIO(content)) for line in some.split(b"\n") if line]
    assert b"".join(line + b"\n" for line in actual) == content


def test_a_line_longer_than_a_block_is_read(path: Path, errors: LineErrors) -> None:
    content = json.dumps(["x" * (3 * lines.BLOCK_BYTES)]).encode()
    assert len(read(path, content + b"\n1\n", errors)) == 2
    assert errors == LineErrors()


def test_a_line_that_is_longer_than_any_is_cut_off_and_never_held(
    path: Path, errors: LineErrors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "BLOCK_BYTES", 16)
    monkeypatch.setattr(lines, "LONGEST_BYTES", 64)
    content = b'["' + b"x" * 1_000 + b'"]'
    held = max(map(len, read_blocks(BytesIO(content))))

    assert read(path, b"1\n" + content + b"\n2\n", errors) == [(1, 1), (3, 2)]
    assert errors.corrupt == 1
    assert held < 128


def test_texts_are_parsed_one_by_one_even_at_once() -> None:
    assert parse_texts(["1", '{"a": [2]}', '"x"']) == [1, {"a": [2]}, "x"]


@pytest.mark.parametrize("texts", [["1,2"], ["1", ""], ["1", "]"], ["[", "]", "1"]])
def test_a_text_that_is_not_one_value_is_refused(texts: list[str]) -> None:
    with pytest.raises(ValueError, match=r"holds more|expected|EOF|trailing"):
        parse_texts(texts)


@pytest.mark.parametrize("is_link", [True, False])
def test_a_file_that_is_gone_is_counted(path: Path, errors: LineErrors, is_link: bool) -> None:
    if is_link:
        path.symlink_to("nowhere.jsonl")
    assert not list(read_values(path, path.name, errors))
    assert (errors.corrupt, errors.first) == (1, [LineError(path.name, 1, GONE)])


def test_a_file_that_cannot_be_read_is_named(path: Path, errors: LineErrors) -> None:
    path.mkdir()
    with pytest.raises(MonitoringError, match=r"a\.jsonl cannot be read"):
        list(read_values(path, path.name, errors))


@pytest.mark.parametrize("enabled", [True, False])
def test_the_search_for_cycles_goes_on_as_before(enabled: bool) -> None:
    before = gc.isenabled()
    try:
        (gc.enable if enabled else gc.disable)()
        with without_collector():
            assert not gc.isenabled()
        assert gc.isenabled() is enabled
    finally:
        (gc.enable if before else gc.disable)()
