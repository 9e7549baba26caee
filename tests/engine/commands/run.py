"""The outcome of a command, and how tests read it."""

from collections.abc import Callable
from typing import NamedTuple


class Done(NamedTuple):
    """What a command left: its exit code and what it printed."""

    code: int | str | None
    out: str
    err: str

    @property
    def rows(self) -> set[str]:
        """Return the lines of the tables in the output, without borders and alignment."""
        return {" ".join(line.replace("│", " ").split()) for line in self.out.splitlines()}


Command = Callable[..., Done]


def one_line(text: str) -> str:
    """Return the only line of a text."""
    assert text.count("\n") == 1
    assert text.endswith("\n")
    return text[:-1]
