"""Each captured row meets its ground truth once, and every other row is counted."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from modelserve.errors import CollectionError, MonitoringError
from modelserve.monitoring.partitions import TimeWindow

from tests.engine.collect.records import (
    CSV,
    LINES,
    MIXED,
    NUMBER,
    Record,
    make_answer,
    make_manifest,
    make_record,
    make_side,
    make_truth,
    nullable,
)

Collect = Callable[..., Any]
Written = Callable[[], list[Record]]
Write = Callable[..., Path]
ELEVEN = datetime(2026, 11, 21, 11, tzinfo=UTC)


def test_rows_are_written_with_their_truth_in_the_order_of_the_captures(
    collect: Collect, written: Written
) -> None:
    records = [make_record(1, [{"size": 1.5}, {"size": 2}]), make_record(2, [{"size": 3}])]
    truths = [make_truth(2, "no"), make_truth(1, "yes", row=1), make_truth(1, "no")]
    rows = collect(records, truths)
    assert written() == [
        {"size": 1.5, "sold": "no"},
        {"size": 2.0, "sold": "yes"},
        {"size": 3.0, "sold": "no"},
    ]
    assert (rows.counts.written, rows.counts.rows, rows.unmatched) == (3, 3, 0)


def test_every_row_is_in_one_class(collect: Collect, written: Written) -> None:
    records = [
        make_record(1, [{"size": 1}, {"size": 2}]),
        make_record(2, [{"size": 3}], degraded=True),
        make_record(3, [{"size": "[redacted]"}]),
        make_record(4, [{"size": "large"}]),
        make_record(5, asked="", answered=make_side(make_answer(2))),
        make_record(
            6,
            [{"size": 6}, {"size": 7}],
            degraded=True,
            warnings=[{"pointer": "/instances/1", "detail": "not finite"}],
        ),
    ]
    truths = [make_truth(number, "yes") for number in range(1, 7)]
    counts = collect(records, truths).counts
    assert [row["size"] for row in written()] == [1.0, 6.0]
    assert (counts.written, counts.without_truth, counts.without_input) == (2, 1, 2)
    assert (counts.degraded, counts.redacted, dict(counts.misfit)) == (2, 1, {"size": 1})
    classes = counts.written, counts.without_truth, counts.without_input, counts.degraded
    assert sum(classes) + counts.redacted + counts.misfit.total() == counts.rows


def test_truths_without_a_row_are_counted(collect: Collect) -> None:
    truths = [make_truth(1, "no"), make_truth(1, "no", row=3), make_truth(9, "yes"), b"?", {}]
    rows = collect([make_record(1, [{"size": 1}, {"size": 2}])], truths)
    assert (rows.unmatched, rows.truths.errors.corrupt, rows.counts.without_truth) == (2, 2, 1)


def test_the_first_truth_of_a_row_counts(collect: Collect, written: Written) -> None:
    truths = [make_truth(1, "yes"), make_truth(1, "no"), make_truth(1, "no")]
    rows = collect([make_record(1, [{"size": 1}])], truths)
    assert written() == [{"size": 1.0, "sold": "yes"}]
    assert rows.truths.duplicate == 2


def test_late_truths_are_taken_and_counted(collect: Collect, write: Write) -> None:
    write("truths", [make_truth(2, "no")], hour="2026/11/21/12")
    records = [make_record(1, [{"size": 1}]), make_record(2, [{"size": 2}])]
    rows = collect(records, [make_truth(1, "no")], window=TimeWindow(until=ELEVEN))
    assert (rows.counts.written, rows.counts.late) == (2, 1)


def test_records_outside_of_the_window_are_left_out(collect: Collect) -> None:
    records = [
        make_record(1, [{"size": 1}]),
        make_record(2, [{"size": 2}], time="2026-11-21T11:00:00Z"),
    ]
    truths = [make_truth(1, "no"), make_truth(2, "no")]
    rows = collect(records, truths, window=TimeWindow(until=ELEVEN))
    assert (rows.counts.written, rows.counts.outside, rows.unmatched) == (1, 1, 1)


@pytest.mark.parametrize("processes", [1, 2])
def test_a_record_that_was_delivered_twice_counts_once(
    collect: Collect, write: Write, written: Written, processes: int, request: Any
) -> None:
    if processes == 2:
        request.getfixturevalue("two_processes")
    records = [make_record(number, [{"size": number}]) for number in range(4)]
    write("captures", [*records[2:], records[0], records[2]], name="two.jsonl")
    rows = collect(records[:3], [make_truth(number, "no") for number in range(4)])
    assert [row["size"] for row in written()] == [0, 1, 2, 3]
    assert (rows.counts.duplicate, rows.counts.written) == (3, 4)


def test_requests_of_one_id_share_a_truth_and_are_counted(collect: Collect) -> None:
    records = [
        make_record(1, [{"size": 1}]),
        make_record(1, [{"size": 1}], time="2026-11-21T10:00:01Z"),
    ]
    rows = collect(records, [make_truth(1, "no")])
    assert (rows.counts.written, rows.shared) == (2, 1)


def test_all_versions_are_taken_unless_some_are_named(collect: Collect, written: Written) -> None:
    records = [
        make_record(1, [{"size": 1}]),
        make_record(2, [{"size": 2}], model_version="1.0", predictions=[{"label": "maybe"}]),
        make_record(3, [{"size": 3}], model_name="boats"),
        make_record(4, [{"size": 4}], answered=""),
    ]
    truths = [make_truth(number, "no") for number in range(1, 5)]
    assert collect(records, truths).counts.versions == {
        "2.0": 1,
        "1.0": 1,
        "boats 2.0": 1,
        "(unstated)": 1,
    }
    assert [row["size"] for row in written()] == [1, 2, 4]
    collect(versions=["1.0"])
    assert [row["size"] for row in written()] == [2, 4]


def test_a_label_with_space_at_an_end_is_written_as_it_stands(
    collect: Collect, written: Written
) -> None:
    labels = ("late ", " ", "ok")
    truths = [*labels, " ok", "\tnew "]
    rows = [{"size": number} for number in range(len(truths))]
    answer = make_side("late \n" * len(rows), CSV, "CSV")
    records = [make_record(1, rows, answered=answer)]
    told = [make_truth(1, text, row=row) for row, text in enumerate(truths)]
    done = collect(records, told, manifest=make_manifest(labels=labels))
    assert [row["sold"] for row in written()] == [*labels, "ok", "new"]
    assert done.counts.new_labels == {"new": 1}


def test_consumers_can_be_named(collect: Collect, written: Written) -> None:
    records = [
        make_record(1, [{"size": 1}], consumer="shop"),
        make_record(2, [{"size": 2}], consumer="app"),
        make_record(3, [{"size": 3}]),
    ]
    truths = [make_truth(number, "no") for number in range(1, 4)]
    assert collect(records, truths, consumers=["shop"]).counts.other_consumers == 2
    assert [row["size"] for row in written()] == [1]
    collect(consumers=["app", "anonymous"], force=True)
    assert [row["size"] for row in written()] == [2, 3]
    with pytest.raises(CollectionError, match="3 lines of other consumers"):
        collect(consumers=["spoofed"])


SIDES = {
    "csv": (make_side("1.5,2,true,01\n", CSV, "CSV"), make_side("no\n", CSV, "CSV")),
    "csv-with-a-header": (
        make_side("zip,new,rooms,size\n01,True,2,1.5\n", CSV, "CSV"),
        make_side("no,0.75,0.25\n", CSV, "CSV"),
    ),
    "base64": (
        make_side(b'{"instances":[{"size":1.5,"rooms":2,"new":true,"zip":"01"}]}'),
        make_side(b'{"predictions":[{"label":"no"}],"model_name":"houses","model_version":"2.0"}'),
    ),
    "json-lines": (
        make_side('{"size":1.5,"rooms":2.0,"new":1,"zip":"01"}\n', LINES),
        make_side('{"label":"no"}\n', LINES),
    ),
    "oip": (
        make_side(
            {
                "inputs": [
                    {"name": "features", "shape": [1, 3], "datatype": "FP32", "data": [1.5, 2, 1]},
                    {"name": "categories", "shape": [1, 1], "datatype": "BYTES", "data": ["01"]},
                ]
            }
        ),
        make_side(
            {
                "model_name": "houses",
                "model_version": "1.0",
                "outputs": [{"name": "probabilities", "shape": [1, 3], "data": [0.1, 0.2, 0.7]}],
            }
        ),
    ),
    "extra-fields": (
        make_side({"instances": [{"id": 7, "size": 1.5, "rooms": 2, "new": True, "zip": "01"}]}),
        make_side(make_answer(1)),
    ),
}


@pytest.mark.parametrize(("asked", "answered"), SIDES.values(), ids=SIDES)
def test_every_format_of_request_gives_the_same_row(
    collect: Collect, written: Written, asked: Record, answered: Record
) -> None:
    record = make_record(1, asked=asked, answered=answered)
    collect([record], [make_truth(1, "yes")], manifest=make_manifest(*MIXED))
    assert written() == [{"size": 1.5, "rooms": 2, "new": True, "zip": "01", "sold": "yes"}]


def test_a_tensor_of_another_width_is_not_read_as_other_rows(collect: Collect) -> None:
    tensor = {"name": "features", "shape": [2, 3], "datatype": "FP32", "data": [1, 2, 3, 4, 5, 6]}
    record = make_record(1, asked=make_side({"inputs": [tensor]}), answered="")
    manifest = make_manifest(NUMBER, NUMBER.model_copy(update={"name": "width"}))
    with pytest.raises(CollectionError, match="tensor with other than 2 values a row"):
        collect([record], [make_truth(1, "no")], manifest=manifest)


@pytest.mark.parametrize("shape", [[10**12], [2, 1]], ids=str)
def test_an_answer_whose_tensor_has_not_the_values_of_its_shape_is_a_line_that_cannot_be_read(
    collect: Collect, written: Written, shape: list[int]
) -> None:
    tensor = {"name": "label", "shape": shape, "datatype": "BYTES", "data": ["yes"]}
    answer = make_side({"model_name": "houses", "model_version": "1.0", "outputs": [tensor]})
    records = [make_record(1, [{"size": 1}], answered=answer), make_record(2, [{"size": 2}])]
    rows = collect(records, [make_truth(1, "no"), make_truth(2, "yes")])
    assert rows.counts.errors.foreign == 1
    assert written() == [{"size": 2.0, "sold": "yes"}]


def test_a_missing_value_is_written_where_the_field_may_be_missing(
    collect: Collect, written: Written
) -> None:
    rows = [{}, {"size": None, "rooms": None, "new": None, "zip": ""}]
    truths = [make_truth(1, "no"), make_truth(1, "no", row=1)]
    with pytest.raises(CollectionError, match="2 rows that do not fit size"):
        collect([make_record(1, rows)], truths, manifest=make_manifest(*MIXED))
    collect(manifest=make_manifest(*nullable(MIXED)))
    assert written() == [dict.fromkeys(("size", "rooms", "new", "zip")) | {"sold": "no"}] * 2


def test_lines_that_cannot_be_read_and_open_files_are_counted(
    collect: Collect, write: Write
) -> None:
    write("captures", [b"never read"], name=".two.jsonl.part")
    rows = collect([make_record(1, [{"size": 1}]), b"{", {}], [make_truth(1, "no")])
    errors = rows.counts.errors
    assert (errors.corrupt, errors.foreign, rows.listing.open_files) == (1, 1, 1)


@pytest.mark.parametrize(
    ("records", "truths", "why"),
    [
        pytest.param([], [], "1 closed files. Check the folder", id="nothing"),
        pytest.param(
            [make_record(1, [{"size": 1}])],
            [make_truth(2, "no")],
            "1 rows without a ground truth, 1 ground truths. A ground truth names the inference_id",
            id="other-ids",
        ),
        pytest.param(
            [make_record(1, asked="", answered=make_side(make_answer(1)))],
            [make_truth(1, "no")],
            "1 rows whose request was not captured, .*Set CAPTURE_INPUTS=true",
            id="no-inputs",
        ),
        pytest.param(
            [make_record(1, [{"size": 1}], degraded=True)],
            [make_truth(1, "no")],
            "1 rows that the fallback answered",
            id="degraded",
        ),
        pytest.param([b"?"], [], "line 1 is not JSON", id="corrupt"),
    ],
)
def test_if_nothing_is_joined_the_reasons_and_the_way_out_are_named(
    collect: Collect, tmp_path: Path, records: Any, truths: Any, why: str
) -> None:
    with pytest.raises(CollectionError, match=why):
        collect(records, truths)
    assert not list(tmp_path.glob("*new*"))


def test_empty_and_missing_folders_are_reported(collect: Collect, tmp_path: Path) -> None:
    with pytest.raises(CollectionError, match=r"can be joined with .*: no file\."):
        collect()
    (tmp_path / "truths").rmdir()
    (tmp_path / "truths").touch()
    with pytest.raises(MonitoringError, match="is not a folder"):
        collect()


def test_files_outside_of_the_window_and_other_consumers_are_named(collect: Collect) -> None:
    records = [
        make_record(number, [{"size": 1}], consumer=f"shop-{number:02}") for number in range(12)
    ]
    truths = [make_truth(1, "no")]
    until = datetime(2020, 1, 1, tzinfo=UTC)
    with pytest.raises(CollectionError, match=r": 1 files outside of the window"):
        collect(records, truths, window=TimeWindow(until=until))
    named = ", ".join(f"shop-{number:02}" for number in range(10))
    with pytest.raises(
        CollectionError, match=rf"1 closed files, 12 lines of other consumers, such as {named}, 1 "
    ) as caught:
        collect(consumers=["nobody"])
    assert "files outside" not in str(caught.value)
