"""The exported page writes values and intervals as the service does."""

from collections.abc import Callable

import pytest
from modelserve import Service
from modelserve.manifest import Interval, OutputBounds

from tests.engine.export.encoded import assert_encoded_alike
from tests.engine.node import Run

FAMILIES = ("diabetes",)

NAN, INFINITE = float("nan"), float("inf")
VALUES = [
    1048576.5,
    1048577.5,
    -1048576.5,
    0.1,
    -3.25,
    152.13348,
    1e-30,
    3e38,
    0.0,
    7.0,
    99.5,
    INFINITE,
    NAN,
    -10.5,
    1000001.0,
]


@pytest.mark.parametrize(
    "bounds",
    [
        pytest.param(OutputBounds(), id="open"),
        pytest.param(OutputBounds(minimum=0.1, maximum=1e6), id="bounded"),
        pytest.param(
            OutputBounds(
                minimum=-4.1,
                interval=Interval(coverage=0.9, half_width=2.7, fallback_half_width=10.1),
            ),
            id="interval",
        ),
    ],
)
def test_values_are_those_of_the_service(
    run: Run, change: Callable[..., Service], bounds: OutputBounds
) -> None:
    service = change(output_bounds=bounds)
    assert_encoded_alike(run, service, [[value] for value in VALUES])
