"""Ground truth is matched with its row."""

import base64
import json
import pickle
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from modelserve.errors import MonitoringError
from modelserve.monitoring.classifier.outcomes import ClassifierTruths
from modelserve.monitoring.ground_truth import GroundTruth, TruthFiles, load_ground_truth
from modelserve.monitoring.partitions import TimeWindow, find_truth_files
from modelserve.monitoring.processes import WorkerPool
from modelserve.monitoring.row_keys import keys_of
from modelserve.serving.feedback import describe

from tests.engine.collect.records import make_manifest

HEX = [f"{n:032x}" for n in range(6)]
Load = Callable[..., GroundTruth]


class NumberReader:
    """Parses numbers."""

    def truth(self, text: str) -> float:
        """Return a number."""
        return float(text)

    def merge(self, other: Any) -> None:
        """Do nothing: it knows nothing."""


@pytest.fixture
def load(pool: WorkerPool) -> Load:
    """Return a function that loads a folder."""

    def start(
        folder: Path, window: TimeWindow | None = None, groups: tuple[str, ...] = ()
    ) -> GroundTruth:
        reading = TruthFiles(folder, window or TimeWindow(), NumberReader(), groups)
        return load_ground_truth(reading, find_truth_files(folder, reading.window), pool)

    return start


@pytest.fixture
def truths(write_lines: Callable[..., Path], load: Load) -> Load:
    """Return a way to the truths of some lines."""

    def read(*lines: Any, groups: tuple[str, ...] = ()) -> GroundTruth:
        return load(write_lines(lines, folder="truths"), groups=groups)

    return read


def trained(truths: GroundTruth, name: str, row: int = 0) -> float | None:
    """Return the truth about a row."""
    (place,) = truths.find(keys_of([name], [row + 1])[row:])
    return None if place < 0 else float(truths.truths[place]["value"])


@pytest.mark.parametrize("name", [HEX[5], "shop-1", "é", "f" * 31, "g" * 32, "1 " * 16])
def test_a_truth_is_found_by_name_and_row(truths: Load, truth: Any, name: str) -> None:
    told = truths(truth(1.5, name), truth(2.5, name, row=2), truth(9, "other"))
    assert [trained(told, name, row) for row in range(4)] == [1.5, None, 2.5, None]


def test_truths_of_every_division_are_sorted_and_found_by_another_process(
    truths: Load, truth: Any, pool: WorkerPool
) -> None:
    names = [f"order {i}" for i in range(500)]
    told = truths(*(truth(i, name) for i, name in enumerate(names)))
    keys = keys_of(names, [1] * len(names))
    assert len({int(key) >> 58 for key in keys}) > 50
    assert (np.diff(told.keys) > 0).all()
    content = pickle.dumps(told)
    assert len(content) < 2_000
    places, _ = pool.run(GroundTruth.find, [pickle.loads(content)] * 2, [keys, keys[:1]])
    assert told.take(places)[0].tolist() == [*range(500)]


def test_names_of_both_kinds_stand_beside_each_other(truths: Load, truth: Any) -> None:
    told = truths(truth(1, HEX[1]), truth(2, "b"), truth(3, HEX[3]))
    assert [trained(told, name) for name in (HEX[1], "b", HEX[3], HEX[4])] == [1, 2, 3, None]


def test_of_several_truths_about_a_row_the_first_one_counts(truths: Load, truth: Any) -> None:
    told = truths(truth(1), truth(2), truth(3, row=1), truth(4))
    assert (trained(told, "1" * 32), told.duplicate) == (1, 2)


def test_the_first_file_comes_first(load: Load, write_lines: Any, truth: Any) -> None:
    for value, hour in ((3, "2026/11/22/00"), (1, "2026/11/21/09"), (2, "2026/11/21/10")):
        folder = write_lines([truth(value)], hour=hour, folder="truths")
    assert trained(load(folder), "1" * 32) == 1


def test_what_came_after_the_window_is_late_and_what_came_before_cannot_be(
    load: Load, write_lines: Any, truth: Any
) -> None:
    for name, hour in (("a", "08"), ("b", "09"), ("c", "10"), ("d", "11"), ("e", "23")):
        folder = write_lines([truth(1, name)], hour=f"2026/11/21/{hour}", folder="truths")
    since, until = (datetime(2026, 11, 21, hour, tzinfo=UTC) for hour in (10, 11))
    told = load(folder, TimeWindow(since, until))
    assert [trained(told, name) for name in "abcde"] == [None, 1, 1, 1, 1]
    late = [told.truths[told.find(keys_of([name], [1]))]["late"].tolist() for name in "bcde"]
    assert late == [[False], [False], [True], [True]]


def test_groups_are_numbered_as_configured_and_all_others_as_one_more(
    truths: Load, truth: Any
) -> None:
    told = truths(
        truth(1, "a", group="south"),
        truth(1, "b", group="north"),
        truth(1, "c", group="west"),
        truth(1, "d"),
        groups=("north", "south"),
    )
    places = [told.find(keys_of([name], [1]))[0] for name in "abcd"]
    assert told.take(np.array(places))[1].tolist() == [1, 0, 2, 2]


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        ("2.5", "CSV"),
        (" 2.5\n", "CSV"),
        ('"2.5"', "CSV"),
        ("2.5", "JSON"),
        ('"2.5"', "JSON"),
        (2.5, "JSON"),
        (base64.b64encode(b"2.5").decode(), "BASE64"),
    ],
)
def test_a_truth_may_be_spelled_in_several_ways(
    truths: Load, truth: Any, data: Any, encoding: str
) -> None:
    record = {**truth(0), "groundTruthData": {"data": data, "encoding": encoding}}
    assert trained(truths(record), "1" * 32) == 2.5


LABELS = ("late ", "late", " ", "\ta", "\u2028x", "\nb", ' "c" ', "d, ", "ok")


# Without quoted texts, all lines are parsed at once.
@pytest.mark.parametrize("quoted", [False, True])
def test_a_label_is_taken_as_it_stands_and_without_the_space_around_it_only_if_it_is_none(
    write_lines: Callable[..., Path], pool: WorkerPool, quoted: bool
) -> None:
    asked = dict(zip(LABELS, LABELS, strict=True)) | {"\tok ": "ok", "ok\t": "ok", " late": "late"}
    texts = [text for text in asked if quoted or not {*'",\n'} & {*text}]
    lines = [json.loads(describe({"inference_id": text, "label": text}, "label")) for text in texts]
    folder, parser = write_lines(lines), ClassifierTruths(make_manifest(labels=LABELS))
    reading = TruthFiles(folder, TimeWindow(), parser)
    told = load_ground_truth(reading, find_truth_files(folder, TimeWindow()), pool)
    assert [trained(told, text) for text in texts] == [LABELS.index(asked[text]) for text in texts]


def test_an_empty_truth_is_none_unless_it_is_a_label() -> None:
    with pytest.raises(ValueError, match="without a label"):
        ClassifierTruths(make_manifest(labels=("a", "b"))).truth(" ")
    assert ClassifierTruths(make_manifest(labels=("a", ""))).truth("") == 1


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        pytest.param({"groundTruthData": None}, "not have the expected form", id="no-truth"),
        pytest.param(
            {"groundTruthData": {"data": None, "encoding": "CSV"}},
            "neither text nor number",
            id="null",
        ),
        pytest.param(
            {"groundTruthData": {"data": True, "encoding": "JSON"}}, "neither text", id="true"
        ),
        pytest.param({"groundTruthData": {"data": "1"}}, "has no 'encoding'", id="no-encoding"),
        pytest.param(
            {"groundTruthData": {"data": "x", "encoding": "CSV"}}, "could not convert", id="judge"
        ),
        pytest.param({"eventMetadata": {}}, "has no 'eventId'", id="no-name"),
        pytest.param({"eventMetadata": {"eventId": 5}}, "expected form", id="number-as-name"),
        pytest.param({"eventMetadata": {"eventId": "a", "row": -1}}, "has a row", id="row-below"),
        pytest.param({"eventMetadata": {"eventId": "a", "row": 1.5}}, "has a row", id="half-a-row"),
        pytest.param({"eventMetadata": {"eventId": "a", "row": True}}, "has a row", id="true-row"),
        pytest.param(
            {"eventMetadata": {"eventId": "a", "row": 2**70}}, "has a row", id="endless-row"
        ),
        pytest.param({"eventMetadata": {"eventId": "a", "group": []}}, "expected form", id="group"),
    ],
)
def test_what_is_no_truth_is_reported_and_the_others_are_read(
    truths: Load, truth: Any, change: dict[str, Any], problem: str
) -> None:
    told = truths(truth(1, "first"), {**truth(1, "a"), **change}, truth(1, "last"))
    assert told.count == 2
    assert told.errors.corrupt == 1
    (place,) = told.errors.first
    assert (place.file, place.line) == ("endpoint/AllTraffic/2026/11/21/10/one.jsonl", 2)
    assert problem in place.detail


def test_lines_of_no_json_are_reported(truths: Load, truth: Any) -> None:
    told = truths(truth(1), b'{"torn', b"\xff")
    assert (told.count, told.errors.corrupt) == (1, 2)


def test_nothing_is_found_among_no_truths(truths: Load) -> None:
    told = truths()
    assert trained(told, "a") is None
    assert told.find(keys_of([], [])).tolist() == []


def test_a_folder_that_is_not_there_is_named(load: Load, tmp_path: Path) -> None:
    with pytest.raises(
        MonitoringError, match=r"nowhere does not exist: no feedback was .*feedback\.md"
    ):
        load(tmp_path / "nowhere")
