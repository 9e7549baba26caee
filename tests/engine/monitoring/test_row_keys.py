"""Each row of each answer has a number of its own."""

import numpy as np
import pytest
from modelserve.monitoring.row_keys import keys_at, keys_of

HEX = [f"{n:032x}" for n in range(0, 3_000_000_000, 1_000_000)]


def test_keys_differ_for_all_rows_of_many_names() -> None:
    keys = keys_of([*HEX, *map(str, range(3_000))], [5] * 6_000)
    assert len(np.unique(keys)) == 30_000


def test_keys_are_the_same_however_they_are_asked_for() -> None:
    together = keys_of([HEX[1], HEX[2], "c"], [2, 0, 1])
    apart = [*keys_of([HEX[1]], [2]), *keys_of(["c"], [1])]
    assert together.tolist() == [int(key) for key in apart]


@pytest.mark.parametrize("name", [HEX[5], "shop-1", "é", "f" * 31, "g" * 32, "1 " * 16])
def test_a_row_is_found_alone_or_among_all_of_its_answer(name: str) -> None:
    assert keys_at([name] * 4, range(4)).tolist() == keys_of([name], [4]).tolist()
