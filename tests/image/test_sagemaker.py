"""SageMaker starts its own stage of the image, as root, by `docker run IMAGE serve`."""

import time
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

KINDS = ("sagemaker",)
PING_WITHIN_S = 2


@pytest.fixture
def served(build: Callable[..., str], start: Callable[..., Any]) -> Any:
    """Return a container of the stage that SageMaker is given, once it answers."""
    container = start(of=build("--target", "sagemaker"), command=("serve",))
    container.until(container.is_ready)
    return container


def test_it_runs_as_root_and_answers_sagemakers_routes(
    served: Any, check_answers: Callable[..., None]
) -> None:
    asked = time.monotonic()
    assert served.ask("GET", "/ping")[0] == 200
    assert time.monotonic() - asked < PING_WITHIN_S

    check_answers(served, "/invocations")
    assert served.python("import os; print(os.getuid())") == "0"
    assert served.stop() == 0


def test_the_default_stage_has_the_same_routes(
    running: Any, check_answers: Callable[..., None]
) -> None:
    assert running.ask("GET", "/ping")[0] == 200
    check_answers(running, "/invocations")
