"""What is known of a request from its beginning."""

from itertools import islice

import pytest

from package.serving import exchange


def test_random_names_are_all_different() -> None:
    names = list(islice(exchange.random_ids(), 1_000))
    assert len(set(names)) == 1_000
    assert all(len(name) == 32 and int(name, 16) >= 0 for name in names)


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        pytest.param(b"Abc-1.2_3", True, id="plain"),
        pytest.param(b"a\nb", False, id="newline"),
        pytest.param(b"a\n", False, id="newline-at-the-end"),
        pytest.param(b"\xff", False, id="no-text"),
        pytest.param(b"x" * 65, False, id="long"),
    ],
)
def test_only_a_plain_request_id_is_taken(given: bytes, taken: bool) -> None:
    scope = {"method": "GET", "headers": [(b"x-request-id", given)]}
    request_id = exchange.Exchange(scope, "mine").request_id
    assert request_id == (given.decode() if taken else "mine")


def test_an_unknown_method_is_called_other() -> None:
    scope = {"method": "BREW", "headers": []}
    assert exchange.Exchange(scope, "mine").method == "OTHER"


def test_the_clock_is_stopped_at_the_end() -> None:
    finished = exchange.Exchange({"method": "GET", "headers": []}, "mine")
    finished.finish()
    assert finished.seconds > 0
    assert finished.time > 1e9
