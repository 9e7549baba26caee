"""How many connections a process may have."""

import sys
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from modelserve.serving.connection_limits import connection_limit

UNLIMITED = -1


@pytest.fixture
def allow(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, int], list[tuple[int, int]]]:
    """Return a function that sets how many files a process may open: now, and at most."""

    def set_limits(soft: int, hard: int) -> list[tuple[int, int]]:
        limits = [(soft, hard)]

        def raise_limit(_: int, new: tuple[int, int]) -> None:
            if hard != UNLIMITED and new[0] > hard:
                raise ValueError("not allowed to raise maximum limit")
            limits.append(new)

        fake = SimpleNamespace(
            RLIMIT_NOFILE=7,
            RLIM_INFINITY=UNLIMITED,
            getrlimit=lambda _: limits[-1],
            setrlimit=raise_limit,
        )
        monkeypatch.setitem(sys.modules, "resource", fake)
        return limits

    return set_limits


@pytest.mark.parametrize(
    ("soft", "hard", "concurrency", "limit"),
    [
        pytest.param(UNLIMITED, UNLIMITED, 128, 1_024, id="any-number-of-files"),
        pytest.param(100_000, 100_000, 1, 1_024, id="at-least"),
        pytest.param(100_000, 100_000, 500, 4_000, id="many-predictions"),
        pytest.param(256, UNLIMITED, 128, 1_024, id="raised"),
        pytest.param(1_024, 4_096, 128, 1_024, id="raised-below-the-most"),
        pytest.param(256, 512, 128, 412, id="raised-to-the-most"),
        pytest.param(256, 256, 128, 156, id="few-files"),
        pytest.param(50, 50, 128, 1, id="hardly-any-file"),
    ],
)
def test_connections_are_limited_by_predictions_and_by_files(
    allow: Callable[[int, int], list[tuple[int, int]]],
    soft: int,
    hard: int,
    concurrency: int,
    limit: int,
) -> None:
    limits = allow(soft, hard)
    assert connection_limit(concurrency) == limit
    assert limits[-1][1] == hard


def test_a_system_without_a_limit_of_files_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "resource", None)
    assert connection_limit(128) == 1_024
