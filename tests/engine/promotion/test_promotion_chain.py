"""Each way to tamper with the record is found, and named by its line."""

import hashlib
import json
from collections.abc import Callable

import pytest
from modelserve.promotion.chain import FIRST, RecordLine, decode, digest, next_line, to_json

LINES = 5
Tamper = Callable[[list[bytes]], list[bytes]]


def made(count: int = LINES) -> list[bytes]:
    """Return the lines of a record."""
    lines: list[RecordLine] = []
    for number in range(count):
        content = {"decision": "refused", "reason": f"b\u00f6se {number}", "figure": 0.1 + number}
        lines.append(next_line(content, after=lines[-1] if lines else None))
    return [line.text for line in lines]


def forged(line: bytes, **changes: object) -> bytes:
    """Return a line with other content, and the hash that fits it."""
    content = json.loads(line) | changes
    return to_json(content | {"sha256": digest(content)}) + b"\n"


def test_a_record_that_nobody_touched_is_intact() -> None:
    lines, fault = decode(b"".join(made()))
    assert fault == ""
    assert [line.number for line in lines] == [1, 2, 3, 4, 5]
    assert lines[0].content["previous"] == FIRST
    assert [line.content["previous"] for line in lines[1:]] == [each.sha256 for each in lines[:-1]]
    assert b"".join(line.text for line in lines) == b"".join(made())


def test_an_empty_record_is_intact() -> None:
    assert decode(b"") == ([], "")


def test_a_hash_can_be_checked_without_the_library() -> None:
    line = made(1)[0]
    rest, _, stated = line.rpartition(b',"sha256":')
    assert json.loads(stated.strip().removesuffix(b"}")) == hashlib.sha256(rest + b"}").hexdigest()


@pytest.mark.parametrize(
    ("tamper", "fault"),
    [
        pytest.param(
            lambda lines: [*lines[:2], lines[2].replace(b"refused", b"allowed"), *lines[3:]],
            "line 3 was changed: its SHA-256 is",
            id="edit",
        ),
        pytest.param(
            lambda lines: [*lines[:4], lines[4].replace(b"refused", b"allowed")],
            "line 5 was changed: its SHA-256 is",
            id="edit-the-last",
        ),
        pytest.param(
            lambda lines: [*lines[:2], forged(lines[2], decision="promoted"), *lines[3:]],
            "line 4 does not follow the one before it",
            id="edit-and-forge-its-hash",
        ),
        pytest.param(
            lambda lines: [*lines[:2], *lines[3:]], "line 3 has the number 4", id="delete"
        ),
        pytest.param(lambda lines: lines[1:], "line 1 has the number 2", id="delete-the-first"),
        pytest.param(
            lambda lines: [*lines[:2], forged(lines[3], number=3), *lines[4:]],
            "line 3 does not follow the one before it",
            id="delete-and-renumber",
        ),
        pytest.param(
            lambda lines: [*lines[:4], forged(lines[4], number=9)],
            "line 5 has the number 9",
            id="renumber-the-last",
        ),
        pytest.param(
            lambda lines: [*lines[:2], lines[1], *lines[2:]], "line 3 has the number 2", id="insert"
        ),
        pytest.param(
            lambda lines: [*lines[:2], forged(lines[2]), lines[2], *lines[3:]],
            "line 4 has the number 3",
            id="insert-a-copy",
        ),
        pytest.param(
            lambda lines: [*lines[:1], lines[2], lines[1], *lines[3:]],
            "line 2 has the number 3",
            id="reorder",
        ),
        pytest.param(
            lambda lines: [*lines[:4], lines[4][:30]], "line 5 is incomplete", id="truncate"
        ),
        pytest.param(
            lambda lines: [*lines[:4], lines[4][:-1]], "line 5 is incomplete", id="no-newline"
        ),
        pytest.param(
            lambda lines: [lines[0], b"\n", *lines[1:]], "line 2 is no JSON", id="empty-line"
        ),
        pytest.param(lambda lines: [lines[0], b"[]\n"], "line 2 is no JSON object", id="array"),
        pytest.param(lambda lines: [b"\xff\xfe\n"], "line 1 is no JSON", id="no-text"),
        pytest.param(
            lambda lines: [b"[" * 100_000 + b"\n"], "line 1 is no JSON", id="deeply-nested"
        ),
        pytest.param(
            lambda lines: [lines[0].replace(b'"figure":0.1', b'"figure":NaN')],
            "line 1 is no JSON that `promote` writes",
            id="not-a-number",
        ),
        pytest.param(
            lambda lines: [lines[0].replace(b'{"number":1,', b'{"number":7,"number":1,')],
            "line 1 was changed: `promote` writes",
            id="the-same-name-twice",
        ),
        pytest.param(
            lambda lines: [each.replace(b"\n", b"\r\n") for each in lines],
            "line 1 was changed: `promote` writes",
            id="other-line-ends",
        ),
    ],
)
def test_tampering_is_named_by_its_line(tamper: Tamper, fault: str) -> None:
    lines, actual = decode(b"".join(tamper(made())))
    assert actual.startswith(fault)
    assert f"line {len(lines) + 1} " in actual


def test_a_line_that_can_be_read_but_not_written_is_named() -> None:
    for depth in range(700, 1_000):  # the limit depends on the caller's own depth
        line = b'{"sha256":"","deep":%s%s}\n' % (b"[" * depth, b"]" * depth)
        assert decode(line)[1].startswith("line 1 ")


def test_a_record_that_is_rewritten_as_a_whole_looks_intact() -> None:
    """What the chain does not prove; `--head` and git do."""
    rewritten: list[RecordLine] = []
    for line in decode(b"".join(made()))[0]:
        content = {name: line.content[name] for name in ("decision", "figure")}
        rewritten.append(next_line(content, after=rewritten[-1] if rewritten else None))
    assert decode(b"".join(line.text for line in rewritten))[1] == ""
