"""What a person gets from the report, and in which order."""

import re
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

import pytest
from modelserve.manifest import Feature, Manifest
from modelserve.monitoring.report.page import render
from modelserve.monitoring.results.drift import Verdict
from modelserve.monitoring.results.result import MonitoringResult

from tests.engine.families import FOLDER

MakeDrift = Callable[..., Any]
ReadPage = Callable[[MonitoringResult], Any]


@pytest.fixture(params=["ok", "violated", "regression"])
def result(request: pytest.FixtureRequest) -> MonitoringResult:
    """Return each of the result in turn."""
    made: MonitoringResult = request.getfixturevalue(request.param)
    return made


def words(text: str) -> str:
    """Return a text as one line."""
    return " ".join(text.split())


def test_the_sections_stand_in_the_order_of_their_weight(
    violated: MonitoringResult, read: ReadPage
) -> None:
    assert list(read(violated).sections)[1:] == [
        *("verdict", "read", "fields", "inputs", "outputs", "timeline"),
        *("performance", "labels", "calibration", "expected", "fairness"),
        *("reading", "model"),
    ]


def test_a_section_without_content_is_left_out(
    ok: MonitoringResult, regression: MonitoringResult, read: ReadPage
) -> None:
    plain = ["verdict", "read", "fields", "inputs", "outputs"]
    assert list(read(ok).sections)[1:] == [*plain, "expected", "reading", "model"]
    assert list(read(regression).sections)[1:] == [
        *(*plain, "timeline", "performance", "calibration", "fairness", "reading", "model")
    ]


def test_a_kind_of_field_without_a_value_has_no_section(
    violated: MonitoringResult, read: ReadPage
) -> None:
    (unread,) = (each for each in violated.fields if not each.rows)
    (label,) = (each for each in violated.fields if each.field == "label")
    page = read(replace(violated, fields=(unread, label)))
    assert "inputs" not in page.sections
    assert "1 field not read, because redacted or not captured: age." in words(
        page.sections["verdict"]
    )


def test_the_page_is_well_formed_and_its_headings_leave_out_none(
    result: MonitoringResult, read: ReadPage
) -> None:
    page = read(result)
    assert page.open == []
    levels = [int(heading[1]) for heading in page.headings]
    assert levels.count(1) == 1
    assert all(deeper - level <= 1 for level, deeper in pairwise(levels))


def test_every_picture_is_well_formed_and_says_what_it_shows(
    result: MonitoringResult, manifest: Manifest
) -> None:
    pictures = re.findall(r"<svg.*?</svg>", render(result, manifest), re.S)
    assert len(pictures) >= 2 * sum(bool(each.rows) for each in result.fields)
    for picture in pictures:
        root = ElementTree.fromstring(picture)  # it was made here
        assert root.attrib["role"] == "img"
        assert root[0].tag == "title"
        assert root[0].text


def test_every_cell_has_its_heads(result: MonitoringResult, manifest: Manifest) -> None:
    for table in re.findall(r"<table.*?</table>", render(result, manifest), re.S):
        head, *rows = re.findall(r"<tr>.*?</tr>", table, re.S)
        columns = head.count('<th scope="col"')
        assert rows
        for row in rows:
            assert row.count('<th scope="row"') == 1
            assert row.count("<td") == columns - 1


def test_every_place_that_is_linked_is_there_once(result: MonitoringResult, read: ReadPage) -> None:
    page = read(result)
    links = [each["href"] for each in page.attributes if "href" in each]
    runbooks = [link for link in links if not link.startswith("#")]
    assert all((FOLDER / link).is_file() for link in runbooks)
    links = sorted(set(links) - set(runbooks))
    places = [f"#{each['id']}" for each in page.attributes if "id" in each]
    assert set(links) <= set(places)
    assert len(places) == len(set(places))


def test_the_same_result_make_the_same_page(result: MonitoringResult, manifest: Manifest) -> None:
    assert render(result, manifest) == render(result, manifest)


def test_calm_is_said_first_and_what_it_leaves_open(ok: MonitoringResult, read: ReadPage) -> None:
    verdict = words(read(ok).sections["verdict"])
    assert verdict.startswith("✓ ok No threshold is exceeded.")
    assert "100 rows between 14 Nov 2026, 10:00 UTC and 21 Nov 2026, 10:00 UTC." in verdict
    assert "calibration and fairness: no ground truth was given (--ground-truth)." in verdict
    assert "docs/runbooks" not in verdict


def test_each_thing_that_is_breached_is_reported_with_its_runbook(
    violated: MonitoringResult, read: ReadPage
) -> None:
    verdict = words(read(violated).sections["verdict"])
    assert verdict.startswith(
        "▲ violation Thresholds exceeded: depth, label, mean_confidence, accuracy, "
        "equalised_odds and 1 more."
    )
    since = "In the rows since 14 Nov 2026, 10:00 UTC. What to do: vendor/modelserve/docs/runbooks/"
    for told in (
        f"Input drift depth: it has moved. {since}input-drift.md",
        f"Prediction drift label: another is given. {since}prediction-drift.md",
        f"Confidence dropped mean_confidence: it is less sure. {since}confidence-dropped.md",
        f"Quality below floor accuracy: it has fallen. {since}quality-below-floor.md",
        f"Fairness gap equalised_odds: south is served worse. {since}fairness-gap.md",
        f"Model degraded degraded_share: the fallback had to answer. {since}model-degraded.md",
        "Not covered 1 field not read, because redacted or not captured: age.",
        "The version of 4 records: their responses were not captured, or are CSV or JSON Lines, "
        "which name none.",
        "33 records of other versions: 0.0.9 (33).",
        "3 lines could not be read.",
    ):
        assert told in verdict


def test_a_runbook_is_a_link_to_it(violated: MonitoringResult, manifest: Manifest) -> None:
    page = render(violated, manifest, runbook_address="https://host/blob/HEAD/runbooks")
    link = '<a href="https://host/blob/HEAD/runbooks/input-drift.md">'
    assert f"{link}vendor/modelserve/docs/runbooks/input-drift.md</a>" in page


def test_what_may_be_chance_is_said(violated: MonitoringResult, read: ReadPage) -> None:
    verdict = words(read(violated).sections["verdict"])
    assert (
        "May be chance recall of virginica: 0.5 may be chance: the true value lies between 0.31 "
        "and 0.69, and the threshold is 0.6."
    ) in verdict


def test_figures_over_time_are_drawn_with_their_threshold(
    violated: MonitoringResult, manifest: Manifest, read: ReadPage
) -> None:
    assert "accuracy by day" in words(read(violated).sections["timeline"])
    plots = re.findall(r"<svg.*?</svg>", render(violated, manifest).split('id="timeline"')[1], re.S)
    assert "accuracy by day: 0.9000 at first, 0.7000 at last, 0.6500 on 19 Nov;" in plots[0]
    assert plots[0].count("<circle") == 4
    line = re.search('<g class="line">(.*?)</g>', plots[0])
    assert line
    assert line[1].count("<path") == 2  # a day has too few rows
    assert "<title>PSI of depth by day" in plots[1]


def test_too_few_rows_are_no_calm(
    ok: MonitoringResult, read: ReadPage, make_drift: MakeDrift
) -> None:
    few = replace(ok, fields=(make_drift("width", Verdict.TOO_FEW),))
    verdict = words(read(few).sections["verdict"])
    assert verdict.startswith("… too few rows Too few rows to compare.")
    assert "1 field not compared, because of too few rows: width." in verdict


def test_what_was_read_is_counted(violated: MonitoringResult, read: ReadPage) -> None:
    section = words(read(violated).sections["read"])
    for told in (
        "Window: 14 Nov 2026, 10:00 UTC to the last record.",
        *("Records 80", "Rows 100", "Degraded rows 5 (5.0 %)", "Files 24", "Files still open 1"),
        *("Corrupt lines 2", "Foreign lines 1", "Responses without predictions 3"),
        *("Captured twice 6", "Out of the window 40"),
        "Version Records 0.1.0 80 0.0.9 33 (unstated) 4",
        "a.jsonl 17 no JSON",
    ):
        assert told in section
    healthy = replace(violated, captures=replace(violated.captures, degraded=0))
    assert "Rows 100 Degraded rows 0 Files 24" in words(read(healthy).sections["read"])


def test_the_breached_fields_stand_first(violated: MonitoringResult, read: ReadPage) -> None:
    table = words(read(violated).sections["fields"])
    fields = ["depth ▲ violation", "label output ▲ violation", "age ∅", "width ✓", "length ✓"]
    assert [table.index(field) for field in fields] == sorted(map(table.index, fields))
    assert "depth ▲ violation 0.789 0.345 depth: over 2.5: 20.0 % in training" in table
    assert "60.0 % in production; up to 1.5: 40.0 % in training, 10.0 % in production" in table
    assert "10.0 % \u2013 7 " in table


def test_a_field_is_reported_in_pictures_figures_and_counts(
    violated: MonitoringResult, manifest: Manifest
) -> None:
    seen = (Feature(name="length", dtype="number", minimum=0.25, maximum=6.9),)
    page = render(violated, manifest.model_copy(update={"features": seen}))
    told = re.search(r'<div id="field-1">(.*?)</details>', page, re.S)
    assert told
    text = words(re.sub("<title>.*?</title>|<[^>]*>", " ", told[1]))
    for fact in (
        *("Critical PSI 0.345", "Adjusted p under 0.001", "Jensen-Shannon 0.321"),
        *("KS 0.400", "p of KS 0.030", "Mean 2.25 ± 0.5", "Range \u22121 to 9"),
        *("Range in training 0.25 to 6.9", "Not read 40 rows"),
    ):
        assert fact in text
    assert "1.5 to 2.5 20.0 % 20 40.0 % 20 \u221220.0" in text
    assert "No value was read of age." in words(re.sub("<[^>]*>", "", page))


def test_categories_have_no_mean_and_no_range(
    ok: MonitoringResult, read: ReadPage, make_drift: MakeDrift
) -> None:
    region = make_drift(
        "region",
        bins=("north", "south", "(unseen)", "(missing)"),
        edges=(),
        observed=(20, 5, 15, 0),
        ks=None,
        ks_p=None,
        numbers=None,
    )
    page = read(replace(ok, fields=(region,)))
    assert "0 % 37.5 % \u2013" in words(page.sections["fields"])
    told = words(page.sections["inputs"])
    assert "north south (unseen) 50.0 % 12.5 % 37.5 % Critical PSI" in told
    assert "Jensen-Shannon 0.321 Shares and counts" in told
    assert "(unseen) 37.5 % 15 20.0 % 10 +17.5" in told


def test_of_many_fields_only_the_breached_are_open(
    violated: MonitoringResult, manifest: Manifest, make_drift: MakeDrift
) -> None:
    many = [make_drift(f"x{i}") for i in range(6)] + [make_drift("y", Verdict.VIOLATION)]
    page = render(replace(violated, fields=tuple(many)), manifest)
    assert re.findall('<details class="figure" open><summary><h3><bdi>(.*?)<', page) == ["y"]
    assert page.count('<details class="figure"><summary>') == 6
