"""What the model's own tests share: the model as serving loads it, and a word on its speed."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from package import artifact
from package.artifact import Artifact
from package.serving.codec import JsonCodec
from package.serving.runtime import (
    load_model as load_runtime,
)

Rows = list[dict[str, Any]]
Answer = Callable[[Rows], np.ndarray]


@pytest.fixture
def load_model(found: Artifact) -> Callable[[], Answer]:
    """Return a way to load the artifact anew, as a service does when it starts."""

    def load() -> Answer:
        opened = artifact.load(found.folder)
        codec = JsonCodec(opened, max_rows=1_000)
        model = load_runtime(opened)
        return lambda rows: model.run(codec.gather(rows).feeds)

    return load


@pytest.fixture
def answer(load_model: Callable[[], Answer]) -> Answer:
    """Return the model: rows in, float32 of shape (rows, n_outputs) out."""
    return load_model()


@pytest.fixture
def inputs(golden: list[dict[str, Any]]) -> Rows:
    """Return the golden cases' rows."""
    return [case["input"] for case in golden]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell how long a prediction took beside its budget; the machine may have been busy."""
    for report in terminalreporter.getreports("passed"):
        measured = dict(report.user_properties)
        if "prediction_ms" in measured:
            took, budget = measured["prediction_ms"], measured["budget_ms"]
            word = "within" if took <= budget else "OVER"
            terminalreporter.write_line(
                f"prediction time: {took:.4f} ms for one row, {word} its budget of {budget:g} ms"
            )
