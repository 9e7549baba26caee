"""An exported page answers for missing values, categories and flags as the service does."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from modelserve.artifact import Artifact
from starlette.testclient import TestClient

from tests.engine.exported_page import ExportedPage, assert_same

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

FAMILIES = ("iris", "diabetes")

Row = dict[str, Any]

MISSING = ("living area", "town", "rooms", "garden")
CHANGES: list[Row] = [
    {"town": "Elsewhere"},
    {"town": "NA"},
    {"town": ""},
    {"heated": 0, "garden": 1},
    {"rooms": None, "garden": None},
    {"living area": 3.4e38},
]
BAD_CHANGES: list[Row] = [
    {"energy class": ""},
    {"energy class": "NA"},
    {"town": "x" * 201},
    {"town": 3},
    {"energy class": None},
    {"heated": 2},
    {"heated": "yes"},
    {"heated": None},
    {"garden": "true"},
    {"rooms": 2.5},
    {"rooms": 2**24 + 2},
    {"built": -(2**25)},
    {"built": True},
    {"built": "1990"},
    {"ceiling": 1e39, "rooms": []},
]


def test_the_page_answers_rows_of_every_dtype(
    houses: Artifact,
    cases: list[Row],
    full: Row,
    client: TestClient,
    write_export: Callable[..., Path],
    open_export: Callable[..., ExportedPage],
) -> None:
    page = open_export(write_export(model_dir=houses.folder, degraded_answers=False))
    assert page.check[0] == "right"
    rows = [case["input"] for case in cases]
    assert any(None in row.values() for row in rows)
    rows += [full | change for change in CHANGES]
    rows += [{name: value for name, value in full.items() if name not in MISSING}]
    response = client.post("/predict", json={"instances": rows})
    assert response.status_code == 200, response.json()
    assert_same(page.ask(rows), response)
    for change in BAD_CHANGES:
        instances = [full, full | change]
        response = client.post("/predict", json={"instances": instances})
        assert response.status_code == 422, change
        assert_same(page.ask(instances), response)
