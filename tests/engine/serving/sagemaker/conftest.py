"""Settings of a service on SageMaker."""

from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture
def make_settings(make_settings: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that makes settings with SageMaker's routes."""

    def make(**changes: Any) -> Any:
        return make_settings(**{"platform": "sagemaker"} | changes)

    return make
