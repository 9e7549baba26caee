"""What the command line shows a person: tables, steps and sentences."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.table import Table

# Names are shown as they are: what stands in brackets is no style, between colons no picture.
console = Console(highlight=False, markup=False, emoji=False)


def show(title: str, rows: Iterable[tuple[str, ...]], head: tuple[str, ...] = ()) -> None:
    """Print a table; without a head, it has two columns."""
    table = Table(*(head or ("", "")), show_header=bool(head), title=title)
    for row in rows:
        table.add_row(*row)
    console.print(table)


def say(text: str, *, aside: bool = False) -> None:
    """Print a sentence; an aside stands back."""
    console.print(text, style="dim" if aside else None, soft_wrap=True)


@contextmanager
def step(name: str) -> Iterator[None]:
    """Show that a step is under way, and how long it took."""
    started = time.perf_counter()
    with console.status(name):
        yield
    say(f"{name:<36}{time.perf_counter() - started:>7.2f} s")
