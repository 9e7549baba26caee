"""Read the commands out of a document, and type them into one shell, as a reader does."""

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

from tests.bakery import TEMPLATE, copy_template, tool_environment, write_config
from tests.history import IDENTITY, commit_all

ADDRESS = "org/template"  # where the template is published; CONTRIBUTING.md says how to change it
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.M | re.S)
SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
PROGRAMS = ("uv ", "uvx ", "nox ", "python ", "git ", "curl ", "docker ", "cookiecutter ", "cruft ")
SERVES = re.compile(r"\bserve$")
SERVED = "127.0.0.1:8080"
READY_WITHIN_S = 300  # it may install, and train, before it serves
ENDS_WITHIN_S = 300


def is_complete(command: str) -> bool:
    """Tell whether a shell would run a line, and not ask for another one."""
    try:
        shlex.split(command)
    except ValueError:
        return False
    return not command.endswith("\\")


def console_commands(text: str) -> list[str]:
    """Return what the console blocks of a document type after `$ `, in order, without comments."""
    commands: list[str] = []
    for block in BLOCK.findall(text):
        typing = False
        for line in block.splitlines():
            if typing:
                commands[-1] += f"\n{line}"
            elif line.startswith("$ "):
                commands.append(line.removeprefix("$ "))
            typing = bool(commands) and not is_complete(commands[-1])
    return [re.sub(r" +# .*", "", command) for command in commands]


def commands_in_prose(text: str, *programs: str) -> set[str]:
    """Return the commands that stand in sentences, between single backticks."""
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)
    return {span for span in SPAN.findall(prose) if span.startswith((*PROGRAMS, *programs))}


def publish(folder: Path) -> dict[str, str]:
    """Commit the template's working tree, and return variables with which its address leads there.

    Args:
        folder: where the repository, and what cookiecutter keeps, will lie; it must not exist.
    """
    copy_template(folder / "published")
    shutil.copy(TEMPLATE / "README.md", folder / "published")
    commit_all(folder / "published")
    config = write_config(folder / "config")
    address = f"https://github.com/{ADDRESS}"
    instead = f"url.{(folder / 'published').as_uri()}.insteadOf"
    variables = {"COOKIECUTTER_CONFIG": str(config), "GIT_CONFIG_COUNT": "2"}
    for number, prefix in enumerate((address, f"{address}.git")):  # cruft's, and cookiecutter's
        variables |= {f"GIT_CONFIG_KEY_{number}": instead, f"GIT_CONFIG_VALUE_{number}": prefix}
    return IDENTITY | variables


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Shell:
    """A bash that keeps its folder and variables; what serves goes on in the background."""

    def __init__(self, folder: Path, variables: dict[str, str]) -> None:
        """Start it in a folder; its services listen on a port of their own."""
        self.port = free_port()
        self.typed: list[str] = []
        with (folder / "terminal.txt").open("wb") as output:
            # pylint: disable-next=consider-using-with  # close() ends it
            self._process = subprocess.Popen(
                ["bash", "--noprofile", "--norc"],
                cwd=folder,
                env=tool_environment() | variables | {"PORT": str(self.port)},
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
        self._output = (folder / "terminal.txt").open(encoding="utf-8", errors="replace")

    def close(self) -> None:
        """End the shell and everything that it has started."""
        self.stop_service()
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.communicate()
        self._output.close()

    def type(self, command: str) -> str:
        """Run a command, which must succeed, or be ready if it serves; return what it prints."""
        self.typed.append(command)
        here = command.replace(SERVED, f"127.0.0.1:{self.port}")
        if SERVES.search(command):
            self.stop_service()
            return self._serve(here)
        return self._run(here)

    def stop_service(self) -> None:
        """End what serves, if anything does."""
        self._run('[ -z "$service" ] || { kill -- -$service; wait $service; service=; true; }')

    def _serve(self, command: str) -> str:
        said = self._run(f"set -m; {command} </dev/null & service=$!; set +m")
        deadline = time.monotonic() + READY_WITHIN_S
        while True:
            try:
                ready = f"http://127.0.0.1:{self.port}/health/ready"
                with urllib.request.urlopen(ready, timeout=5):
                    return said + self._output.read()
            except OSError:
                assert time.monotonic() < deadline, (
                    f"{command}: not ready\n{said}{self._output.read()}"
                )
                said += self._run("kill -0 $service")
                time.sleep(0.2)

    def _run(self, command: str) -> str:
        """Run a command in the foreground; who asks questions gets their defaults."""
        assert self._process.stdin
        given = "< <(yes '')" if ADDRESS in command else "</dev/null"
        end = f"ended-{time.monotonic_ns()}"
        self._process.stdin.write(f"{{ {command}\n}} {given}; code=$?; echo; echo {end} $code\n")
        self._process.stdin.flush()
        said = ""
        deadline = time.monotonic() + ENDS_WITHIN_S
        while not (ended := re.search(rf"^{end} (\d+)\n", said, re.M)):
            assert self._process.poll() is None, f"{command}: the shell has ended\n{said}"
            assert time.monotonic() < deadline, f"{command}: does not end\n{said}"
            time.sleep(0.05)
            said += self._output.read()
        said = said[: ended.start()]
        assert ended[1] == "0", f"{command}: exit code {ended[1]}\n{said}"
        return said
