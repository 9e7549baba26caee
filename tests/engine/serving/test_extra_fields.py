"""Fields that the model does not have: refused, or ignored where the operator says so."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from modelserve.artifact import Artifact
from modelserve.errors import ConfigurationError
from modelserve.monitoring.ingest.bodies import BodyParser
from modelserve.serving.capture import check_redaction
from starlette.testclient import TestClient

FAMILIES = ("iris", "sentiment")

MakeClient = Callable[..., TestClient]
Row = dict[str, Any]
EXTRA = {"customer id": "7", "": 0}


def as_csv(row: Row) -> bytes:
    """Return a row below a header; pandas writes its index under an empty name."""
    cells = [
        ['"' + str(cell).replace('"', '""') + '"' for cell in each] for each in (row, row.values())
    ]
    return "\n".join(",".join(each) for each in cells).encode()


FORMATS = [
    pytest.param(
        "/predict",
        "application/json",
        lambda row: json.dumps({"instances": [row]}).encode(),
        id="json",
    ),
    pytest.param(
        "/invocations", "application/jsonlines", lambda row: json.dumps(row).encode(), id="lines"
    ),
    pytest.param("/invocations", "text/csv", as_csv, id="csv"),
]


@pytest.mark.parametrize(("path", "content_type", "write"), FORMATS)
def test_extra_fields_are_refused_by_their_names(
    make_client: MakeClient, row: Row, path: str, content_type: str, write: Callable[..., bytes]
) -> None:
    client = make_client(platform="sagemaker")
    response = client.post(path, content=write(row | EXTRA), headers={"content-type": content_type})
    assert response.status_code == 422
    problems = {each["pointer"]: each["detail"] for each in response.json()["errors"]}
    assert problems == {f"/instances/0/{name}": "there is no such field" for name in EXTRA}


@pytest.mark.parametrize(("path", "content_type", "write"), FORMATS)
def test_extra_fields_are_ignored_where_the_operator_says_so(
    make_client: MakeClient, row: Row, path: str, content_type: str, write: Callable[..., bytes]
) -> None:
    client = make_client(platform="sagemaker", extra_fields="ignore")
    headers = {"content-type": content_type, "accept": "application/json"}

    with_extra = client.post(path, content=write(EXTRA | row), headers=headers)

    plain = client.post(path, content=write(row), headers=headers)
    assert with_extra.status_code == 200
    assert with_extra.json()["predictions"] == plain.json()["predictions"]


def test_only_fields_of_rows_are_ignored(make_client: MakeClient, row: Row) -> None:
    client = make_client(extra_fields="ignore")
    response = client.post("/predict", json={"instances": [row], "instance": [row]})
    assert response.status_code == 422
    assert [each["pointer"] for each in response.json()["errors"]] == ["/instance"]


def test_monitoring_reads_captured_columns_that_were_ignored(trained: Artifact, row: Row) -> None:
    parser = BodyParser(trained.manifest)
    (read,) = parser.rows(as_csv(EXTRA | row).decode())
    assert {name: read[name] for name in row} == {name: str(row[name]) for name in row}


def test_ignored_fields_may_be_redacted(make_settings: Any, trained: Artifact) -> None:
    redacted = make_settings(capture_redact=("customer id",), extra_fields="ignore")
    check_redaction(redacted, trained.manifest)
    with pytest.raises(ConfigurationError, match="customer id"):
        check_redaction(redacted.model_copy(update={"extra_fields": "refuse"}), trained.manifest)
