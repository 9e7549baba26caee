"""`example` prints a request that the service answers."""

import csv
import io
import json
from collections.abc import Callable
from typing import Any

from modelserve.artifact import Artifact
from starlette.testclient import TestClient

from tests.engine.commands.run import Command, one_line

FAMILIES = ("iris", "diabetes", "sentiment")


def test_the_example_is_answered(
    command: Command, trained: Artifact, make_client: Callable[..., TestClient]
) -> None:
    done = command("example", "--model", trained.folder)
    assert (done.code, done.err) == (0, "")
    body = one_line(done.out)
    response = make_client().post("/predict", content=body)
    assert response.status_code == 200
    assert len(response.json()["predictions"]) == len(json.loads(body)["instances"]) == 1


def test_the_example_as_csv_has_the_same_values(command: Command, trained: Artifact) -> None:
    (row,) = json.loads(command("example", "--model", trained.folder).out)["instances"]
    done = command("example", "--csv", "--model", trained.folder)
    (values,) = csv.reader(io.StringIO(done.out))
    assert values == [as_text(value) for value in row.values()]


def as_text(value: Any) -> str:
    """Return a value as a CSV file has it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
