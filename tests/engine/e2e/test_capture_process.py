"""Captures survive a stop, a kill and a full disk."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.slow,
    pytest.mark.skipif(
        sys.platform == "win32",
        reason="Windows has no SIGTERM: a process is ended, not asked to stop",
    ),
]

OPEN_END = b'{"captureData":{"endpointInput":'

Serve = Callable[..., Any]
Row = dict[str, Any]


def predict(service: Any, row: Row) -> str:
    """Ask once, which must succeed; return the answer's name."""
    status, body = service.ask("POST", "/predict", {"instances": [row]})
    assert status == 200
    name: str = json.loads(body)["inference_id"]
    return name


def read(paths: list[Path]) -> list[Any]:
    """Return the records in files, each of whose lines must be whole."""
    content = b"".join(path.read_bytes() for path in paths)
    assert content.endswith(b"\n") or not content
    return [json.loads(line) for line in content.splitlines()]


def closed(folder: Path) -> list[Path]:
    """Return the files that are closed, the oldest first."""
    return sorted(folder.rglob("*.jsonl"), key=lambda path: path.stat().st_mtime_ns)


def growing(folder: Path) -> dict[Path, bytes]:
    """Return the files in which there is something, and which are not closed."""
    actual = {}
    for path in folder.rglob(".*.part"):
        with suppress(FileNotFoundError):  # it has just been closed
            actual[path] = path.read_bytes()
    return {path: content for path, content in actual.items() if content}


def names(records: list[Any]) -> list[str]:
    """Return whose answers were captured."""
    return [record["eventMetadata"]["inferenceId"] for record in records]


def figures(service: Any) -> dict[str, float]:
    """Return how many records are kept, and how many dropped for which reason."""
    text = service.ask("GET", "/metrics")[1].decode()
    kept = re.search(r"^capture_records_total{.*} (.*)$", text, re.M)
    dropped = re.findall(r'^capture_dropped_total{.*reason="(.*?)".*} (.*)$', text, re.M)
    assert kept is not None
    return {"kept": float(kept[1])} | {reason: float(count) for reason, count in dropped}


def test_what_was_asked_and_answered_is_there_once_it_has_stopped(
    serve: Serve, tmp_path: Path, golden: list[Row], trained: Any
) -> None:
    folder = tmp_path / "captures"
    service = serve(CAPTURE_DIR=str(folder))
    asked = [{"instances": [case["input"]]} for case in golden]
    before = int(time.time())
    answered = [json.loads(service.ask("POST", "/predict", each)[1]) for each in asked]
    after = time.time()
    assert service.ask("POST", "/predict", {"instances": [{}]})[0] == 422

    assert service.stop() == 0

    records = read(closed(folder / trained.manifest.name / "AllTraffic"))
    parts = [record["captureData"] for record in records]
    assert [json.loads(each["endpointInput"]["data"]) for each in parts] == asked
    assert [json.loads(each["endpointOutput"]["data"]) for each in parts] == answered
    assert names(records) == [each["inference_id"] for each in answered]
    assert all(before <= int(name[:12], 16) / 1_000 <= after for name in names(records))
    assert not list(folder.rglob("*.part"))
    assert "dropped" not in service.log.read_text(encoding="utf-8")


def test_a_kill_costs_the_end_of_one_file_and_the_next_start_saves_the_rest(
    serve: Serve, tmp_path: Path, row: Row
) -> None:
    folder = tmp_path / "captures"
    settings = {"CAPTURE_DIR": str(folder), "CAPTURE_FILE_BYTES": "8000"}
    service = serve(**settings)
    answered: list[str] = []

    def is_half_way() -> bool:
        rest = b"".join(growing(folder).values())
        done = b"".join(path.read_bytes() for path in closed(folder))
        if (done + rest).count(b"\n") != len(answered):
            return False
        if done and 0 < len(rest) < 3_000:
            return True
        answered.append(predict(service, row))
        return False

    service.until(is_half_way)
    answered += [predict(service, row) for _ in range(3)]
    service.process.kill()
    service.process.wait()

    before = closed(folder)
    saved = names(read(before))
    (part,) = growing(folder)
    rest = names(read([part]))
    assert saved + rest == answered[: len(saved + rest)]
    assert len(saved + rest) >= len(answered) - 3
    with part.open("ab") as stream:
        stream.write(OPEN_END)
    os.utime(part, (time.time() - 600,) * 2)

    another = serve(**settings, CAPTURE_FILE_AGE_S="1")
    another.until(lambda: not part.exists())
    answered = [*saved, *rest, predict(another, row)]
    assert another.stop() == 0
    assert part.with_name(part.name.removeprefix(".").removesuffix(".part")) in closed(folder)
    assert set(before) < set(closed(folder))
    assert sorted(names(read(closed(folder)))) == sorted(answered)
    assert "file recovered" in another.log.read_text(encoding="utf-8")


def test_several_workers_write_side_by_side(serve: Serve, tmp_path: Path, row: Row) -> None:
    folder = tmp_path / "captures"
    service = serve("--workers", "2", CAPTURE_DIR=str(folder), CAPTURE_FILE_AGE_S="2")
    answered: list[str] = []
    with ThreadPoolExecutor(8) as clients:

        def both_write() -> bool:
            answered.extend(clients.map(predict, [service] * 40, [row] * 40))
            return len(growing(folder)) == 2

        service.until(both_write)
        answered.append(predict(service, row))
    service.until(lambda: figures(service)["kept"] == len(answered))
    answered.append(predict(service, row))

    assert service.stop() == 0
    assert sorted(names(read(closed(folder)))) == sorted(answered)


@pytest.fixture
def small_disk(tmp_path: Path, without: Callable[[str], None]) -> Iterator[Path]:
    """Return a folder on a disk of 64 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount, umount = shutil.which("mount"), shutil.which("umount")
    if not mount or not umount:
        without("mount")
        return
    disk = [mount, "-t", "tmpfs", "-o", "size=64k", "captures", str(folder)]
    if subprocess.run(disk, capture_output=True, check=False).returncode:
        pytest.skip("this user may not mount a disk")
    yield folder
    subprocess.run([umount, str(folder)], check=True)


def test_a_full_disk_fails_no_request_and_the_figures_say_what_is_missing(
    serve: Serve, small_disk: Path, row: Row
) -> None:
    service = serve(
        CAPTURE_DIR=str(small_disk),
        CAPTURE_FILE_BYTES="10000",
        CAPTURE_FILE_AGE_S="1",
        CAPTURE_QUEUE_RECORDS="20",
    )
    answered: list[str] = []
    collected: list[Any] = []

    def is_told() -> bool:
        answered.append(predict(service, row))
        return figures(service)["disk"] >= 10

    def is_settled() -> bool:
        return sum(figures(service).values()) == len(answered)

    service.until(is_told)
    for path in closed(small_disk):  # whoever collects the files makes room
        collected += read([path])
        path.unlink()
    service.until(is_settled)
    answered.append(predict(service, row))
    service.until(is_settled)

    told = figures(service)
    assert service.stop() == 0
    actual = names(collected + read(closed(small_disk)))
    missing = set(answered) - set(actual)
    assert len(actual) == len(set(actual)) == told["kept"]
    assert len(missing) == told["disk"] + told["queue-full"]
    assert told["lost"] == 0
    assert answered[-1] in actual
    assert "records dropped" in service.log.read_text(encoding="utf-8")
