"""A client sends the ground truth of predictions."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from modelserve.serving.app import wrap
from modelserve.serving.feedback import MOST, STATUSES
from starlette.testclient import TestClient

FAMILIES = ("iris", "diabetes")

MakeClient = Callable[..., TestClient]
Counted = Callable[[TestClient], dict[str, float]]
Row = dict[str, Any]
JSON = {"content-type": "application/json"}
EARLY = f"{1:012x}{'a' * 20}"
COMING = f"{2**47:012x}{'a' * 20}"


class Failing:
    """A model that never answers."""

    def run(self, tensors: Any) -> Any:
        """Fail."""
        raise ValueError(f"{len(tensors)} inputs are too many")


def predict(client: TestClient, *rows: Row) -> str:
    """Ask about some rows, and return the answer's inference id."""
    name: str = client.post("/predict", json={"instances": list(rows)}).json()["inference_id"]
    return name


def tell(client: TestClient, *outcomes: dict[str, Any]) -> dict[str, int]:
    """Tell some outcomes, and return how many became what, without noughts."""
    response = client.post("/feedback", json={"outcomes": list(outcomes)})
    assert response.status_code == 200, response.text
    assert tuple(response.json()) == STATUSES
    return {status: count for status, count in response.json().items() if count}


@pytest.fixture
def counted(figures: Callable[[str], Any]) -> Counted:
    """Return a way to how much feedback a service has counted as what, without noughts."""

    def read(client: TestClient) -> dict[str, float]:
        actual = figures(client.get("/metrics").text).by("status", "model_feedback_total")
        assert tuple(actual) == STATUSES
        return {status: count for status, count in actual.items() if count}

    return read


def test_null_is_left_out_as_generated_clients_send_it(
    make_components: Callable[..., Any], row: Row, truth: Row, counted: Counted, tmp_path: Path
) -> None:
    components = make_components(ground_truth_dir=tmp_path)
    client = TestClient(wrap(components))
    outcome = {"inference_id": predict(client, row), "row": None, "group": None} | truth
    assert tell(client, outcome) == {"counted": 1}
    assert counted(client) == {"counted": 1}
    components.log_queue.close()
    (path,) = tmp_path.rglob("*.jsonl")
    about = json.loads(path.read_bytes())["eventMetadata"]  # what `monitor` reads
    assert about == {"eventId": outcome["inference_id"]}


def test_an_answer_of_a_moment_ago_is_counted(
    client: TestClient, row: Row, truth: Row, counted: Counted
) -> None:
    assert counted(client) == {}
    assert tell(client, {"inference_id": predict(client, row), **truth}) == {"counted": 1}
    assert counted(client) == {"counted": 1}


def test_an_answer_to_tensors_is_counted_too(
    make_components: Callable[..., Any], row: Row, truth: Row, tensors: Any
) -> None:
    components = make_components()
    client = TestClient(wrap(components))
    path = f"/v2/models/{components.manifest.name}/infer"
    answer = client.post(path, json=tensors(components, [row, row])).json()
    name = answer["parameters"]["inference_id"]
    outcomes = [{"inference_id": name, "row": i, **truth} for i in range(3)]
    assert tell(client, *outcomes) == {"counted": 2, "unknown": 1}


def test_a_batch_is_counted_row_by_row(
    client: TestClient, row: Row, truth: Row, counted: Counted
) -> None:
    one, other = predict(client, row, row, row), predict(client, row)
    outcomes = [
        {"inference_id": one, "row": 2, **truth},
        {"inference_id": other, **truth},
        {"inference_id": one, **truth},  # the first row, where none is named
        {"inference_id": one, "row": 3, **truth},
        {"inference_id": "of my own making", **truth},
        {"inference_id": COMING, **truth},
        {"inference_id": EARLY, **truth},
    ]
    expected = {"counted": 3, "unknown": 3, "late": 1}
    assert tell(client, *outcomes) == counted(client) == expected


def test_a_row_counts_once_in_one_request_and_over_several(
    client: TestClient, row: Row, truth: Row, counted: Counted
) -> None:
    name = predict(client, row, row)
    first, second = ({"inference_id": name, "row": i, **truth} for i in range(2))
    assert tell(client, first, first, first) == {"counted": 1, "duplicate": 2}
    assert tell(client, second, first) == {"counted": 1, "duplicate": 1}
    assert counted(client) == {"counted": 2, "duplicate": 3}


def test_what_the_prior_answered_is_no_answer_of_the_models(
    make_components: Callable[..., Any], row: Row, truth: Row, figures: Callable[[str], Any]
) -> None:
    client = TestClient(wrap(make_components(Failing())))
    outcome = {"inference_id": predict(client, row), **truth}
    assert tell(client, outcome, outcome) == {"degraded": 1, "duplicate": 1}
    read = figures(client.get("/metrics").text)
    assert not any(read("model_outcomes_total") + read("model_absolute_error_count"))


def test_what_was_forgotten_is_late(make_client: MakeClient, row: Row, truth: Row) -> None:
    client = make_client(feedback_rows=4)
    names = [predict(client, row) for _ in range(5)]
    client.get("/metrics")  # which hands over what waits
    statuses = [tell(client, {"inference_id": each, **truth}) for each in names]
    forgotten = statuses[:2]
    assert statuses[2:] == [{"counted": 1}] * 3
    # An answer of the millisecond in which the younger half began is reported as unknown, not late.
    assert [set(each) <= {"late", "unknown"} for each in forgotten] == [True, True]


@pytest.mark.parametrize("group", [None, "unstated", "north", "south"])
def test_a_group_of_the_configuration_is_taken(
    make_client: MakeClient, write_monitoring: Any, row: Row, truth: Row, group: str | None
) -> None:
    path = write_monitoring(fairness={"groups": ["north", "south"]})
    client = make_client(monitoring_config=path)
    outcome = {"inference_id": predict(client, row), **truth}
    assert tell(client, outcome | ({"group": group} if group else {})) == {"counted": 1}


@pytest.mark.parametrize("groups", [[], ["north", "south"]])
@pytest.mark.parametrize("group", ["North", "", "west", 1])
def test_no_other_group_is_taken(
    make_client: MakeClient, write_monitoring: Any, truth: Row, groups: list[str], group: Any
) -> None:
    client = make_client(monitoring_config=write_monitoring(fairness={"groups": groups}))
    outcome = {"inference_id": "x", "group": group, **truth}
    response = client.post("/feedback", json={"outcomes": [outcome]})
    assert response.status_code == 422
    (error,) = response.json()["errors"]
    assert error["pointer"] == "/outcomes/0/group"
    assert all(f"'{each}'" in error["detail"] for each in ["unstated", *groups])
    assert ("under [fairness] in config/monitoring.toml" in error["detail"]) != bool(groups)


def test_everything_that_is_wrong_is_named_at_once_and_nothing_is_counted(
    client: TestClient, row: Row, truth: Row, counted: Counted
) -> None:
    (field,) = truth
    name = predict(client, row)
    outcomes = [
        {"inference_id": name, **truth},
        {"inference_id": "", **truth},
        {"inference_id": "x" * 65, "row": -1, **truth},
        {"inference_id": 7, "row": "0", field: None},
        {"inference_id": "x", "row": 0.5, "more": 1},
        "x",
    ]
    response = client.post("/feedback", json={"outcomes": outcomes})
    assert response.status_code == 422
    assert response.json()["type"] == "urn:problem:invalid-input"
    assert {each["pointer"] for each in response.json()["errors"]} == {
        f"/outcomes/{where}"
        for where in (
            *("1/inference_id", "2/inference_id", "2/row"),
            *("3/inference_id", "3/row", f"3/{field}"),
            *("4/row", "4/more", f"4/{field}", "5"),
        )
    }
    assert counted(client) == {}
    assert tell(client, outcomes[0]) == {"counted": 1}


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        pytest.param(b"", 400, "malformed-body", id="empty"),
        pytest.param(b"{", 400, "malformed-body", id="no-json"),
        pytest.param(b"\xff", 400, "malformed-body", id="no-text"),
        pytest.param(b"[" * 5_000, 400, "malformed-body", id="deep"),
        pytest.param(b"[]", 422, "invalid-input", id="list"),
        pytest.param(b"null", 422, "invalid-input", id="null"),
        pytest.param(b"{}", 422, "invalid-input", id="nothing"),
        pytest.param(b'{"outcomes": []}', 422, "invalid-input", id="no-outcome"),
        pytest.param(b'{"outcomes": [], "more": 1}', 422, "invalid-input", id="more"),
    ],
)
def test_a_body_that_is_none_is_refused(
    client: TestClient, body: bytes, status: int, kind: str
) -> None:
    response = client.post("/feedback", content=body, headers=JSON)
    assert (response.status_code, response.json()["type"]) == (status, f"urn:problem:{kind}")


def test_more_outcomes_than_there_may_be_are_refused(client: TestClient, truth: Row) -> None:
    outcomes = [{"inference_id": str(i), **truth} for i in range(MOST + 1)]
    assert tell(client, *outcomes[:MOST]) == {"unknown": MOST}
    response = client.post("/feedback", json={"outcomes": outcomes})
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == "/outcomes"


@pytest.mark.parametrize(
    "kind",
    ["application/x-www-form-urlencoded", "text/plain", "Application/JSON; charset=utf-8", ""],
)
def test_a_body_is_json_whatever_the_client_calls_it(
    client: TestClient, row: Row, truth: Row, kind: str
) -> None:
    outcome = {"inference_id": predict(client, row), **truth}
    body = json.dumps({"outcomes": [outcome]}).encode()
    headers = {"content-type": kind} if kind else {}
    response = client.post("/feedback", content=body, headers=headers)
    assert (response.status_code, response.json().get("counted")) == (200, 1)


def test_feedback_needs_the_key_that_predictions_need(
    make_client: MakeClient, tmp_path: Path, truth: Row, counted: Counted
) -> None:
    path = tmp_path / "keys"
    path.write_text(f"shop:{hashlib.sha256(b'open').hexdigest()}\n", encoding="utf-8")
    client = make_client(api_keys_file=path)
    body = {"outcomes": [{"inference_id": EARLY, **truth}]}
    assert client.post("/feedback", json=body).status_code == 401
    assert counted(client) == {}
    assert client.post("/feedback", json=body, headers={"x-api-key": "open"}).status_code == 200
    assert counted(client) == {"late": 1}


def test_the_documentation_shows_an_outcome_that_is_taken(client: TestClient) -> None:
    schema = client.get("/openapi.json").json()
    operation = schema["paths"]["/feedback"]["post"]
    example = operation["requestBody"]["content"]["application/json"]["schema"]["examples"][0]
    assert tell(client, *example["outcomes"]) == {"late": 1}
    assert {"200", "400", "408", "413", "422"} <= operation["responses"].keys()


@pytest.mark.parametrize(
    ("row", "status"), [(0, 200), (0.0, 200), (0.5, 422), (-1.0, 422), ("0", 422)]
)
def test_a_row_is_a_whole_number_however_it_is_written(
    client: TestClient, truth: dict[str, Any], row: object, status: int
) -> None:
    body = {"outcomes": [{"inference_id": EARLY, "row": row, **truth}]}
    assert client.post("/feedback", json=body).status_code == status


def test_the_documentation_bounds_a_row(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    row = document["components"]["schemas"]["Outcome"]["properties"]["row"]
    given, left_out = row["anyOf"]
    assert (given["type"], given["minimum"]) == ("integer", 0)
    assert left_out == {"type": "null"}
