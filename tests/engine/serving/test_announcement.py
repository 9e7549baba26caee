"""What `serve` prints at a terminal once the service listens."""

import io
import socket
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn
from modelserve.errors import ConfigurationError
from modelserve.serving import announcement
from modelserve.settings import Settings


class Terminal(io.StringIO):
    """A text stream that a person reads, or not."""

    def __init__(self, *, is_terminal: bool) -> None:
        super().__init__()
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        """Return whether a person reads it."""
        return self._is_terminal


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """Return a socket that listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


@pytest.mark.parametrize(
    ("settings", "addresses"),
    [
        pytest.param(
            Settings(), ["http://127.0.0.1:8080/", "http://127.0.0.1:8080/docs"], id="default"
        ),
        pytest.param(
            Settings(host="0.0.0.0", root_path="/models/a/"),
            ["http://127.0.0.1:8080/models/a/", "http://127.0.0.1:8080/models/a/docs"],
            id="every address, below a prefix",
        ),
        pytest.param(
            Settings(host="::"), ["http://[::1]:8080/", "http://[::1]:8080/docs"], id="IPv6"
        ),
        pytest.param(
            Settings(host="shop.example", docs=False, predict_route="/ask"),
            ["http://shop.example:8080/ask"],
            id="without pages",
        ),
    ],
)
def test_the_addresses_can_be_opened(settings: Settings, addresses: list[str]) -> None:
    shown = announcement.describe(settings, 8080)
    assert [word for word in shown.split() if word.startswith("http")] == addresses


def test_how_to_stop_is_said() -> None:
    assert "Ctrl+C" in announcement.describe(Settings(), 8080)


def test_a_free_port_is_shown_as_it_was_chosen(
    monkeypatch: pytest.MonkeyPatch, listener: socket.socket
) -> None:
    terminal = Terminal(is_terminal=True)
    monkeypatch.setattr("sys.stdout", terminal)
    announcement.announce(Settings(port=0), [listener])
    assert f":{listener.getsockname()[1]}/" in terminal.getvalue()


@pytest.mark.parametrize(
    ("is_terminal", "profile"),
    [
        pytest.param(False, "plain", id="a file or a pipe"),
        pytest.param(True, "json", id="a profile for machines"),
    ],
)
def test_nothing_is_said_to_machines(
    monkeypatch: pytest.MonkeyPatch, listener: socket.socket, is_terminal: bool, profile: str
) -> None:
    stream = Terminal(is_terminal=is_terminal)
    monkeypatch.setattr("sys.stdout", stream)
    announcement.announce(Settings.model_validate({"log_profile": profile}), [listener])
    assert stream.getvalue() == ""


def test_nothing_is_said_without_an_output(
    monkeypatch: pytest.MonkeyPatch, listener: socket.socket
) -> None:
    monkeypatch.setattr("sys.stdout", None)
    announcement.announce(Settings(), [listener])


async def broken(scope: Any, receive: Any, send: Any) -> None:
    """Be an application that does not start."""
    raise RuntimeError


def config_of(listener: socket.socket, app: Any, **options: Any) -> uvicorn.Config:
    """Return the options of a server on a port that is taken."""
    return uvicorn.Config(app, port=listener.getsockname()[1], log_config=None, **options)


def test_a_port_in_use_is_named_with_the_way_out(listener: socket.socket) -> None:
    config = config_of(listener, broken, lifespan="off")
    with pytest.raises(ConfigurationError, match=f"port {config.port} .* in use.* --port"):
        announcement.AnnouncingServer(config, Settings()).run()


def test_workers_are_told_of_a_port_in_use_as_well(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = config_of(listener, broken)
    monkeypatch.setattr(config, "bind_socket", lambda: sys.exit(1))  # uvicorn's leaves one open
    with pytest.raises(ConfigurationError, match=f"port {config.port} .* --port"):
        announcement.bind(config)


@pytest.mark.parametrize("host", ["no.such.host.invalid", "[::]", "192.0.2.7"])
def test_a_host_that_is_none_of_this_machine_is_not_called_in_use(host: str) -> None:
    config = uvicorn.Config(broken, host=host, port=0, log_config=None)
    text = str(announcement.cannot_listen(config))
    assert host in text
    assert "in use" not in text
    assert "--host" in text


def test_an_application_that_does_not_start_is_no_matter_of_the_port(
    listener: socket.socket,
) -> None:
    config = config_of(listener, broken, lifespan="on")
    with pytest.raises(SystemExit):
        announcement.AnnouncingServer(config, Settings()).run()
