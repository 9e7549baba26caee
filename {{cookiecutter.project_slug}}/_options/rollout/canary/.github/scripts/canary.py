"""What a deploy target tells of a canary: its name, what it replaces, and where it is asked."""

from typing import NamedTuple


class Canary(NamedTuple):
    """A revision that gets no traffic yet, and the one that does; "" where there is none."""

    revision: str
    former: str


class Address(NamedTuple):
    """Where a revision is asked, and the bearer token that it wants; "" where it wants none."""

    url: str
    token: str = ""
