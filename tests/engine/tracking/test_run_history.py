"""The history keeps every run whole, and reads around what is damaged."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from modelserve.errors import ConfigurationError
from modelserve.tracking.run_history import LISTED, append_run, find_run, read_runs
from modelserve.tracking.run_record import GateRecord

from tests.engine.families import LIBRARY
from tests.engine.tracking.conftest import MakeRecord

WRITERS, RUNS = 6, 40
WRITE = """
import sys
from pathlib import Path
from modelserve.tracking.run_history import append_run
from modelserve.tracking.run_record import RunRecord

record = RunRecord.model_validate_json(sys.argv[2])
for i in range(int(sys.argv[3])):
    append_run(Path(sys.argv[1]), record.model_copy(update={"seed": i}))
"""


def test_runs_are_read_in_the_order_in_which_they_were_written(
    history: Path, make_record: MakeRecord, warnings: list[str]
) -> None:
    written = [make_record(id=each) for each in ("0a", "0b", "0c")]
    for each in written:
        append_run(history, each)
    assert read_runs(history, warnings.append) == written
    assert warnings == []


def test_the_folder_is_made_if_there_is_none(tmp_path: Path, make_record: MakeRecord) -> None:
    append_run(tmp_path / "new" / "runs.jsonl", make_record())
    assert (tmp_path / "new" / "runs.jsonl").read_bytes().endswith(b"}\n")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_the_history_is_no_program(history: Path, make_record: MakeRecord) -> None:
    append_run(history, make_record())
    assert history.stat().st_mode & 0o111 == 0


def test_trainings_at_the_same_time_lose_no_line(
    history: Path, make_record: MakeRecord, warnings: list[str]
) -> None:
    texts = [
        make_record(id=f"{i:08x}", reasons=("x" * 20_000,)).model_dump_json()
        for i in range(WRITERS)
    ]
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", WRITE, str(history), text, str(RUNS)],
            env={"PYTHONPATH": str(LIBRARY / "src"), "PYTHONDONTWRITEBYTECODE": "1"},
        )
        for text in texts
    ]
    assert [each.wait(60) for each in processes] == [0] * WRITERS
    runs = read_runs(history, warnings.append)
    assert warnings == []
    for i in range(WRITERS):
        assert [each.seed for each in runs if each.id == f"{i:08x}"] == [*range(RUNS)]


def test_a_line_that_was_cut_off_costs_no_other(
    history: Path, make_record: MakeRecord, warnings: list[str]
) -> None:
    first, second = make_record(id="0a"), make_record(id="0b")
    append_run(history, first)
    with history.open("ab") as stream:
        stream.write(b'{"format":1,"id":"cut')
    append_run(history, second)
    assert read_runs(history, warnings.append) == [first, second]
    (warning,) = warnings
    assert f"{history}, line 2 is skipped" in warning


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(b"\xff\xfe\x00", id="no text"),
        pytest.param(b"[1, 2]", id="no object"),
        pytest.param(b'{"id": "0a"}', id="fields missing"),
        pytest.param(b"{" * 100_000, id="deep"),
        pytest.param(b"\x00" * 1_000, id="a file system's zeros"),
    ],
)
def test_a_damaged_line_is_named(
    history: Path, make_record: MakeRecord, warnings: list[str], line: bytes
) -> None:
    history.write_bytes(line + b"\n\n")
    append_run(history, make_record())
    assert read_runs(history, warnings.append) == [make_record()]
    (warning,) = warnings
    assert "line 1 is skipped" in warning
    assert len(warning) < 300 + len(str(history))


def test_many_damaged_lines_are_counted(history: Path, warnings: list[str]) -> None:
    history.write_text("?\n" * 1_000, encoding="utf-8")
    assert read_runs(history, warnings.append) == []
    assert len(warnings) == LISTED + 1
    assert "1000 lines are skipped" in warnings[-1]


def test_fields_of_a_later_release_are_ignored(
    history: Path, make_record: MakeRecord, warnings: list[str]
) -> None:
    content = json.loads(make_record().model_dump_json()) | {"carbon_g": 1}
    content["data"] |= {"owner": "nobody"}
    history.write_text(json.dumps(content) + "\n", encoding="utf-8")
    assert read_runs(history, warnings.append) == [make_record()]


def test_a_value_that_cannot_be_computed_is_null(
    history: Path, make_record: MakeRecord, warnings: list[str]
) -> None:
    bound = GateRecord(metric="roc_auc", value=None, bound=">= 0.6", passed=False, reason="one")
    append_run(history, make_record(gate=(bound,)))
    line = history.read_text(encoding="utf-8")
    assert '"value":null' in line
    assert read_runs(history, warnings.append)[0].gate == (bound,)


def test_a_run_is_found_by_the_start_of_its_id(make_record: MakeRecord) -> None:
    records = [make_record(id=each) for each in ("3f2a91bc", "3f07aaaa", "07d4e6aa")]
    assert find_run(records, "3f2").id == "3f2a91bc"
    assert find_run(records, "07d4e6aa").id == "07d4e6aa"


@pytest.mark.parametrize(
    ("start", "complaint"),
    [
        pytest.param("3f", "the start of several runs: 3f2a91bc, 3f07aaaa", id="several"),
        pytest.param("x" * 1_000, "There is no run 'xxx", id="none"),
        pytest.param("", "There is no run ''", id="empty"),
    ],
)
def test_an_id_that_means_no_single_run_is_refused(
    make_record: MakeRecord, start: str, complaint: str
) -> None:
    records = [make_record(id=each) for each in ("3f2a91bc", "3f07aaaa")]
    with pytest.raises(ConfigurationError) as caught:
        find_run(records, start)
    assert complaint in str(caught.value)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    "name", [pytest.param("none", id="missing"), pytest.param(".", id="folder")]
)
def test_a_history_that_cannot_be_read_is_named(
    tmp_path: Path, warnings: list[str], name: str
) -> None:
    with pytest.raises(ConfigurationError, match=r"There is no|cannot be read"):
        read_runs(tmp_path / name, warnings.append)
