"""Record the README's first commands as an animated SVG, from a run of the template beside it.

    uv run --with pyte python -m docs.record_terminal

A terminal emulator (pyte) takes what the commands print, rich draws it, and CSS shows each line
when it came, with shorter waits. Port 8080 must be free.
"""

import argparse
import fcntl
import io
import os
import pty
import shutil
import signal
import struct
import subprocess
import tempfile
import termios
import time
from itertools import groupby
from pathlib import Path

import pyte
from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from tests.bakery import TEMPLATE, tool_environment
from tests.readme_commands import SERVED, SERVES, console_commands, publish

PICTURE = Path(__file__).with_name("images") / "terminal.svg"
TITLE = "A terminal: make a project, train its model, serve it, and get an answer"
WIDTH, HEIGHT, TALL = 88, 28, 300  # columns; rows that are seen; rows that the emulator keeps
LONGEST_WAIT_S, AFTER_COMMAND_S, BETWEEN_LINES_S = 0.5, 0.7, 0.04
LINE_PX, MARGIN_PX = 24.4, 14  # rich draws a character 20 px high, in lines of 1.22
THEME = TerminalTheme(
    (27, 31, 38),
    (224, 228, 234),
    [(27, 31, 38), (255, 123, 114), (126, 211, 133), (229, 192, 123),
     (121, 184, 255), (210, 168, 255), (118, 214, 219), (224, 228, 234)],
)  # fmt: skip
FORMAT = """<svg class="rich-terminal" viewBox="0 0 {seen_width} {seen_height}" role="img" \
aria-labelledby="title" xmlns="http://www.w3.org/2000/svg">
<title id="title">{title}</title>
<style>
.{unique_id}-matrix {{ font: {char_height}px/{line_height}px ui-monospace, SFMono-Regular, Menlo, \
Consolas, "DejaVu Sans Mono", monospace; white-space: pre }}
{styles}
timing
</style>
<defs>{lines}</defs>
<rect width="100%" height="100%" rx="10" fill="#1b1f26" stroke="#6e7681"/>
<svg x="{margin}" y="{margin}" width="{terminal_width}" height="{rows_height}">
<g class="scroll">{backgrounds}<g class="{unique_id}-matrix">{matrix}</g></g>
</svg>
</svg>
"""


class Recording:
    """What a terminal has shown, and when each of its lines came, in seconds."""

    def __init__(self) -> None:
        """Begin with an empty terminal."""
        self.screen = pyte.Screen(WIDTH, TALL)
        self.came: dict[int, float] = {}
        self._stream = pyte.ByteStream(self.screen)
        self._now = 0.3

    def feed(self, printed: bytes, waited_s: float) -> None:
        """Show what was printed after a wait."""
        self._now += min(waited_s, LONGEST_WAIT_S)
        self._stream.feed(printed)
        for line in sorted(self.screen.dirty):
            if line not in self.came and self.screen.display[line].strip():
                self._now += BETWEEN_LINES_S
                self.came[line] = self._now
        self.screen.dirty.clear()

    def lines(self) -> list[Text]:
        """Return the lines in their colours, as far as the last one that shows anything."""
        return [self._line(number) for number in range(max(self.came) + 1)]

    def _line(self, number: int) -> Text:
        text = Text()
        characters = [self.screen.buffer[number][column] for column in range(WIDTH)]
        for style, run_of in groupby(characters, style_of):
            text.append("".join(character.data for character in run_of), style)
        text.rstrip()
        return text


def style_of(character: pyte.screens.Char) -> str:
    """Return rich's words for how a character looks."""
    colour = {"default": "", "brown": "yellow"}.get(character.fg, character.fg)
    return f"{'bold ' if character.bold else ''}{colour}".strip()


def run(
    command: str, recording: Recording, folder: Path, variables: dict[str, str]
) -> subprocess.Popen[bytes] | None:
    """Run a command in a terminal of its own; return what serves as soon as it listens."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", HEIGHT, WIDTH, 0, 0))
    # pylint: disable-next=consider-using-with  # record() ends it
    process = subprocess.Popen(
        ["bash", "-c", command], cwd=folder, env=variables,
        stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    started, printed = time.monotonic(), b""
    while True:
        try:
            chunk = os.read(ours, 65_536)
        except OSError:  # the terminal's other end is closed
            break
        if not chunk:
            break
        recording.feed(chunk, time.monotonic() - started)
        started, printed = time.monotonic(), printed + chunk
        if SERVES.search(command) and SERVED.encode() in printed:
            return process
    if process.wait():
        raise SystemExit(f"{command}: exit code {process.returncode}\n{printed.decode()}")
    return None


def record(commands: list[str]) -> Recording:
    """Type the commands into an empty folder, with the template where its address says it is."""
    recording = Recording()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        variables = tool_environment() | publish(folder / "of") | {"TERM": "xterm-256color"}
        serving: list[subprocess.Popen[bytes]] = []
        try:
            for number, command in enumerate(commands):
                shown = command.replace("\n", "\r\n")
                apart = "\r\n" if number else ""
                typed = f"{apart}\x1b[1;32m$\x1b[0;1m {shown}\x1b[0m\r\n"
                recording.feed(typed.encode(), LONGEST_WAIT_S)
                recording.feed(b"", AFTER_COMMAND_S)
                if command.startswith("cd "):
                    folder /= command.removeprefix("cd ")
                elif process := run(command, recording, folder, variables):
                    serving.append(process)
        finally:
            for process in serving:
                os.killpg(process.pid, signal.SIGTERM)
                process.wait()
    return recording


def timing(came: dict[int, float], identity: str) -> str:
    """Return CSS that shows each line when it came, and scrolls as a terminal does."""
    last = max(came.values())
    rules, moves = [], {}
    for line, second in sorted(came.items()):
        place = f'[clip-path="url(#{identity}-line-{line})"]'
        rules.append(f"{place} {{ animation: come 1ms {second:.2f}s backwards }}")
        beyond = max(line + 1 - HEIGHT, 0)
        moves[second / last] = min(-beyond * LINE_PX, *moves.values(), 0)
    end = min(moves.values())
    frames = "".join(
        f"{share:.2%} {{ transform: translateY({y:.1f}px) }}\n" for share, y in moves.items()
    )
    return (
        "@keyframes come { from { opacity: 0 } }\n"
        f"@keyframes scroll {{ 0% {{ transform: none }}\n{frames}}}\n"
        f".scroll {{ transform: translateY({end:.1f}px); "
        f"animation: scroll {last:.2f}s step-end }}\n"
        + "\n".join(rules)
        + "\n@media (prefers-reduced-motion: reduce) { * { animation: none !important } }"
    )


def draw(recording: Recording) -> str:
    """Return the recording as an SVG."""
    console = Console(record=True, width=WIDTH, color_system="truecolor", file=io.StringIO())
    for line in recording.lines():
        console.print(line, no_wrap=True, overflow="crop")
    wide, high = round(WIDTH * 12.2), round(HEIGHT * LINE_PX + 8)
    sizes = {
        "title": TITLE,
        "seen_width": wide + 2 * MARGIN_PX,
        "seen_height": high + 2 * MARGIN_PX,
        "rows_height": high,
        "margin": MARGIN_PX,
    }
    form = FORMAT
    for name, value in sizes.items():
        form = form.replace(f"{{{name}}}", str(value))
    drawn = console.export_svg(theme=THEME, code_format=form, unique_id="t")
    return drawn.replace("\ntiming\n", f"\n{timing(recording.came, 't')}\n")


def main() -> None:
    """Record the commands as far as the first answer."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=PICTURE)
    options = parser.parse_args()
    if not shutil.which("uvx"):
        raise SystemExit("uv is missing: python -m pip install uv")
    commands = console_commands((TEMPLATE / "README.md").read_text(encoding="utf-8"))
    first = next(number for number, each in enumerate(commands) if "cookiecutter" in each)
    answer = next(number for number, each in enumerate(commands) if each.startswith("curl"))
    options.output.parent.mkdir(exist_ok=True)
    options.output.write_text(draw(record(commands[first : answer + 1])), encoding="utf-8")
    print(f"{options.output}: {options.output.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
