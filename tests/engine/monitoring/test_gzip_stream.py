"""Compressed captures are read like others, and damaged ones up to the damage."""

import gzip
import json
import zlib
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from modelserve.monitoring.gzip_stream import COMPRESSED_BYTES
from modelserve.monitoring.lines import BOM, LineErrors, read_values

RANDOM = Random(3)
LINES = [json.dumps({"n": i, "noise": f"{RANDOM.getrandbits(400):x}"}) for i in range(5_000)]
TEXT = "".join(f"{line}\n" for line in LINES).encode()

Read = Callable[..., tuple[list[Any], LineErrors]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Return a function that reads a file of some bytes."""

    def start(content: bytes, name: str = "one.jsonl.gz") -> tuple[list[Any], LineErrors]:
        errors = LineErrors()
        path = tmp_path / name
        path.write_bytes(content)
        blocks = read_values(path, name, errors)
        return [value["n"] for block in blocks for value in block.values], errors

    return start


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(gzip.compress(TEXT), id="one-member"),
        pytest.param(gzip.compress(TEXT[:99_999]) + gzip.compress(TEXT[99_999:]), id="members"),
        pytest.param(gzip.compress(b"") + gzip.compress(TEXT), id="empty-member"),
        pytest.param(gzip.compress(TEXT) + bytes(1_000), id="padding"),
        pytest.param(gzip.compress(BOM + TEXT), id="byte-order-mark"),
        pytest.param(gzip.compress(TEXT, 0), id="stored"),
        pytest.param(TEXT, id="not-compressed-despite-its-name"),
    ],
)
def test_a_compressed_file_is_read_whole(read: Read, content: bytes) -> None:
    values, errors = read(content)
    assert values == list(range(len(LINES)))
    assert not errors.first


def test_a_file_is_decompressed_whatever_its_name(read: Read) -> None:
    values, errors = read(gzip.compress(TEXT), "one.jsonl")
    assert len(values) == len(LINES)
    assert not errors.first


def test_a_file_that_repeats_itself_is_decompressed_in_blocks(read: Read) -> None:
    content = gzip.compress(b'{"n": 1}\n' * 500_000)
    assert len(content) < COMPRESSED_BYTES
    values, errors = read(content)
    assert len(values) == 500_000
    assert not errors.first


@pytest.mark.parametrize("cut", [15, 1_000, 100_001, 300_000, -9, -1])
def test_a_file_that_is_cut_off_is_read_up_to_there(read: Read, cut: int) -> None:
    content = gzip.compress(TEXT)[:cut]
    values, errors = read(content)

    # What `gzip` itself can get out of the rest.
    whole = zlib.decompressobj(31).decompress(content).count(b"\n")
    assert values == list(range(whole))
    (error,) = errors.first
    assert (errors.corrupt, error.line, error.detail) == (1, whole + 1, "is cut off")


def test_a_file_with_damage_is_read_up_to_there(read: Read) -> None:
    content = bytearray(gzip.compress(TEXT))
    content[200_000:200_100] = bytes(100)
    values, errors = read(bytes(content))
    assert len(values) > 0.9 * len(LINES) * 200_000 / len(content)
    assert values == list(range(len(values)))
    assert errors.corrupt == 1
    assert errors.first[0].detail.startswith("is damaged: ")


def test_what_follows_a_member_is_damage_if_it_is_none(read: Read) -> None:
    values, errors = read(gzip.compress(TEXT) + b"garbage")
    assert len(values) == len(LINES)
    assert errors.first[0].detail.startswith("is damaged: ")
