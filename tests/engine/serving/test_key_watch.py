"""A consumer is let in or shut out while the service runs."""

import hashlib
import logging
import os
import threading
import time
from collections.abc import Callable
from functools import partial
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import pytest
from modelserve import Project
from modelserve.serving import key_watch
from modelserve.serving.app import create_app
from starlette.testclient import TestClient

PATIENCE_S = 10
CLOSED = "no key is known: every prediction is refused"
KEPT, RELOADED = "keys not reloaded, the previous ones are kept", "keys reloaded"

Ask = Callable[[str], int]


def line(name: str, key: str) -> str:
    """Return what the file says of a consumer."""
    return f"{name}:{hashlib.sha256(key.encode()).hexdigest()}\n"


def put(path: Path, content: str) -> None:
    """Write a file in one step."""
    fresh = path.with_name("fresh")
    fresh.write_bytes(content.encode(errors="surrogateescape"))
    fresh.replace(path)


def wait_until(ready: Callable[[], bool]) -> None:
    """Return once something is so."""
    deadline = time.monotonic() + PATIENCE_S
    while not ready():
        assert time.monotonic() < deadline, "it has not come to pass"
        time.sleep(0.01)


def look_at(keys_file: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Return once the watch has read the file, which it does when one more consumer is in it."""
    caplog.clear()
    put(keys_file, line("shop", "open") + line("once", "more"))
    wait_until(lambda: RELOADED in caplog.messages)


@pytest.fixture
def keys_file(tmp_path: Path) -> Path:
    """Return a file that lets the shop in."""
    path = tmp_path / "keys"
    put(path, line("shop", "open"))
    return path


@pytest.fixture
def serve(
    monkeypatch: pytest.MonkeyPatch, make_client: Any, body: bytes, caplog: pytest.LogCaptureFixture
) -> Callable[[Path], Ask]:
    """Return a way to a service that looks at its keys all the time, and is asked with one."""
    monkeypatch.setattr(key_watch, "PAUSE_S", 0.005)
    caplog.set_level(logging.INFO)

    def start(path: Path) -> Ask:
        client: TestClient = make_client(api_keys_file=path)

        def ask(key: str) -> int:
            headers = {"x-api-key": key}
            return client.post("/predict", content=body, headers=headers).status_code

        return ask

    return start


def test_a_consumer_is_shut_out_and_another_let_in(
    serve: Callable[[Path], Ask], keys_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ask = serve(keys_file)
    assert (ask("open"), ask("sesame")) == (200, 401)
    put(keys_file, line("desk", "sesame") + line("till", "ring"))
    wait_until(lambda: ask("sesame") == 200)
    assert (ask("ring"), ask("open")) == (200, 401)
    told = [each for each in caplog.records if each.getMessage() == RELOADED]
    assert [vars(each)["consumers"] for each in told] == ["desk,till"]


def test_a_consumer_keeps_its_name_and_gets_another_key(
    serve: Callable[[Path], Ask], keys_file: Path
) -> None:
    ask = serve(keys_file)
    put(keys_file, line("shop", "sesame"))
    wait_until(lambda: ask("sesame") == 200)
    assert ask("open") == 401


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("shop:12\n", id="wrong-line"),
        pytest.param("\udcff", id="no-text"),
        pytest.param(None, id="gone"),
    ],
)
def test_a_file_that_is_wrong_keeps_the_former_keys_and_is_reported_once(
    serve: Callable[[Path], Ask],
    keys_file: Path,
    caplog: pytest.LogCaptureFixture,
    content: str | None,
) -> None:
    ask = serve(keys_file)
    look_at(keys_file, caplog)
    if content is None:
        keys_file.unlink()
    else:
        put(keys_file, content)
    wait_until(lambda: KEPT in caplog.messages)
    assert (ask("open"), ask("sesame")) == (200, 401)
    put(keys_file, line("desk", "sesame"))
    wait_until(lambda: ask("sesame") == 200)
    assert ask("open") == 401
    (told,) = (each for each in caplog.records if each.getMessage() == KEPT)
    assert told.levelno == logging.ERROR
    assert str(keys_file) in vars(told)["error"]


def test_an_emptied_file_shuts_everyone_out(
    serve: Callable[[Path], Ask], keys_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ask = serve(keys_file)
    put(keys_file, "# nobody\n")
    wait_until(lambda: ask("open") == 401)
    assert [ask(key) for key in ("open", "", "sesame")] == [401, 401, 401]
    wait_until(lambda: CLOSED in caplog.messages)
    assert RELOADED in caplog.messages
    put(keys_file, line("shop", "open"))
    wait_until(lambda: ask("open") == 200)


def test_a_file_that_was_emptied_starts_a_service_that_warns_and_takes_up_the_next_key(
    serve: Callable[[Path], Ask], keys_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A worker that is replaced reads what the others have read."""
    put(keys_file, "")
    ask = serve(keys_file)
    wait_until(lambda: CLOSED in caplog.messages)
    (told,) = (each for each in caplog.records if each.getMessage() == CLOSED)
    assert (told.levelno, vars(told)["file"]) == (logging.WARNING, str(keys_file))
    assert [ask(key) for key in ("open", "")] == [401, 401]
    put(keys_file, line("shop", "open"))
    wait_until(lambda: ask("open") == 200)


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
def test_a_link_that_is_turned_to_another_file_is_followed(
    serve: Callable[[Path], Ask], tmp_path: Path
) -> None:
    # Kubernetes keeps a secret's files in a folder per version, and turns one link to the new one.
    keys = ("open", "doom", "ring")
    for key in keys:
        (tmp_path / f"..{key}").mkdir()
        (tmp_path / f"..{key}" / "keys").write_text(line("shop", key), encoding="utf-8")
        os.utime(tmp_path / f"..{key}" / "keys", (1, 1))
    (tmp_path / "..data").symlink_to("..open")
    (tmp_path / "keys").symlink_to(Path("..data", "keys"))
    ask = serve(tmp_path / "keys")
    for former, key in pairwise(keys):
        assert (ask(former), ask(key)) == (200, 401)
        (tmp_path / "..new").symlink_to(f"..{key}")
        (tmp_path / "..new").replace(tmp_path / "..data")
        wait_until(lambda key=key: ask(key) == 200)
        assert ask(former) == 401


def test_a_file_that_changed_while_the_model_was_loaded_is_noticed(
    monkeypatch: pytest.MonkeyPatch,
    project: Project,
    make_settings: Any,
    keys_file: Path,
    body: bytes,
) -> None:
    monkeypatch.setattr(key_watch, "PAUSE_S", 0.005)
    app = create_app(project.service_class(make_settings(api_keys_file=keys_file)))
    put(keys_file, line("desk", "sesame"))
    with TestClient(app) as client:
        ask = partial(client.post, "/predict", content=body)
        wait_until(lambda: ask(headers={"x-api-key": "sesame"}).is_success)
        assert ask(headers={"x-api-key": "open"}).status_code == 401


def test_a_file_that_is_still_being_written_is_left_until_it_stands_still(
    serve: Callable[[Path], Ask], keys_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes, written = count(), threading.Event()
    looked = 0

    def stamp(_: Path) -> tuple[int, ...]:
        nonlocal looked
        looked += 1
        return (0 if written.is_set() else next(sizes),)

    monkeypatch.setattr(key_watch, "_stamp", stamp)
    ask = serve(keys_file)
    put(keys_file, "")
    wait_until(lambda: looked > 5)
    assert ask("open") == 200
    put(keys_file, line("desk", "sesame"))
    written.set()
    wait_until(lambda: ask("sesame") == 200)


def test_a_file_that_only_looks_changed_is_no_news(
    serve: Callable[[Path], Ask], keys_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ask = serve(keys_file)
    for moment in range(3):
        os.utime(keys_file, (moment, moment))
        time.sleep(0.02)
    assert ask("open") == 200
    look_at(keys_file, caplog)
    assert caplog.messages.count(RELOADED) == 1
