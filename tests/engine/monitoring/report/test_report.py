"""What a person gets from the report, and in which order."""

import re
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

import pytest
from modelserve.artifact import Feature, Manifest
from modelserve.monitoring.findings import (
    MonitoringResult,
    Verdict,
)
from modelserve.monitoring.report.page import draw

MakeShift = Callable[..., Any]
ReadPage = Callable[[MonitoringResult], Any]


@pytest.fixture(params=["calm", "breached", "regression"])
def findings(request: pytest.FixtureRequest) -> MonitoringResult:
    """Return each of the findings in turn."""
    made: MonitoringResult = request.getfixturevalue(request.param)
    return made


def words(text: str) -> str:
    """Return a text as one line."""
    return " ".join(text.split())


def test_the_sections_stand_in_the_order_of_their_weight(
    findings: MonitoringResult, read: ReadPage
) -> None:
    assert list(read(findings).sections)[1:] == [
        *("verdict", "read", "fields", "inputs", "outputs"),
        *("performance", "labels", "calibration", "expected", "fairness"),
        *("reading", "model"),
    ]


def test_the_page_is_well_formed_and_its_headings_leave_out_none(
    findings: MonitoringResult, read: ReadPage
) -> None:
    page = read(findings)
    assert page.open == []
    levels = [int(heading[1]) for heading in page.headings]
    assert levels.count(1) == 1
    assert all(deeper - level <= 1 for level, deeper in pairwise(levels))


def test_every_picture_is_well_formed_and_says_what_it_shows(
    findings: MonitoringResult, manifest: Manifest
) -> None:
    pictures = re.findall(r"<svg.*?</svg>", draw(findings, manifest), re.S)
    assert len(pictures) >= 2 * sum(bool(each.rows) for each in findings.shifts)
    for picture in pictures:
        root = ElementTree.fromstring(picture)  # noqa: S314 # it was made here
        assert root.attrib["role"] == "img"
        assert root[0].tag == "title"
        assert root[0].text


def test_every_cell_has_its_heads(findings: MonitoringResult, manifest: Manifest) -> None:
    for table in re.findall(r"<table.*?</table>", draw(findings, manifest), re.S):
        head, *rows = re.findall(r"<tr>.*?</tr>", table, re.S)
        columns = head.count('<th scope="col"')
        assert rows
        for row in rows:
            assert row.count('<th scope="row"') == 1
            assert row.count("<td") == columns - 1


def test_every_place_that_is_linked_is_there_once(
    findings: MonitoringResult, read: ReadPage
) -> None:
    page = read(findings)
    links = [each["href"] for each in page.attributes if "href" in each]
    places = [f"#{each['id']}" for each in page.attributes if "id" in each]
    assert set(links) <= set(places)
    assert len(places) == len(set(places))


def test_the_same_findings_make_the_same_page(
    findings: MonitoringResult, manifest: Manifest
) -> None:
    assert draw(findings, manifest) == draw(findings, manifest)


def test_calm_is_said_first_and_what_it_leaves_open(calm: MonitoringResult, read: ReadPage) -> None:
    verdict = words(read(calm).sections["verdict"])
    assert verdict.startswith("✓ calm Nothing that was judged is beyond its bounds.")
    assert "100 rows between 14 Nov 2026, 10:00 UTC and 21 Nov 2026, 10:00 UTC." in verdict
    assert "no ground truth was given (--ground-truth)" in verdict
    assert "docs/runbooks" not in verdict


def test_each_thing_that_is_breached_is_told_with_its_runbook(
    breached: MonitoringResult, read: ReadPage
) -> None:
    verdict = words(read(breached).sections["verdict"])
    assert verdict.startswith(
        "▲ breached Someone should look at depth, label, mean_confidence, accuracy, "
        "equalised_odds and 1 more."
    )
    since = "In the rows since 14 Nov 2026, 10:00 UTC. What to do: docs/runbooks/"
    for told in (
        f"Input drift depth: it has moved. {since}input-drift.md",
        f"Prediction drift label: another is given. {since}prediction-drift.md",
        f"Confidence dropped mean_confidence: it is less sure. {since}confidence-dropped.md",
        f"Quality below floor accuracy: it has fallen. {since}quality-below-floor.md",
        f"Fairness gap equalised_odds: south is served worse. {since}fairness-gap.md",
        f"Model degraded degraded_share: the prior had to answer. {since}model-degraded.md",
        "What this does not tell 1 field not read, because it was redacted or not captured: age.",
        "What 4 records answered: only the inputs were captured.",
        "33 records of other versions: 0.0.9 (33).",
        "3 lines could not be read.",
    ):
        assert told in verdict


def test_of_a_field_and_a_figure_of_one_name_the_breached_one_is_meant(
    breached: MonitoringResult, read: ReadPage, make_shift: MakeShift
) -> None:
    assert breached.performance
    calm = replace(breached.performance.metrics[0], verdict=Verdict.OK)
    field = make_shift("accuracy", Verdict.VIOLATION)
    both = replace(
        breached,
        shifts=(field,),
        performance=replace(breached.performance, metrics=(calm,)),
        violations=breached.violations[3:4],
    )
    assert "Input drift accuracy: it has fallen." in words(read(both).sections["verdict"])


def test_too_few_rows_are_no_calm(
    calm: MonitoringResult, read: ReadPage, make_shift: MakeShift
) -> None:
    few = replace(calm, shifts=(make_shift("width", Verdict.TOO_FEW),))
    verdict = words(read(few).sections["verdict"])
    assert verdict.startswith("… too few to tell There is too little to tell anything.")
    assert "1 field not judged, because there are too few rows: width." in verdict


def test_what_was_read_is_counted(breached: MonitoringResult, read: ReadPage) -> None:
    section = words(read(breached).sections["read"])
    for told in (
        "Window: 14 Nov 2026, 10:00 UTC to the last record.",
        *("Records 80", "Rows 100", "Degraded rows 5 (5.0 %)", "Files 24", "Files still open 1"),
        *("Corrupt lines 2", "Foreign lines 1", "Refused requests 3", "Out of the window 40"),
        "Version Records 0.1.0 80 0.0.9 33 (unstated) 4",
        "a.jsonl 17 no JSON",
    ):
        assert told in section


def test_the_breached_fields_stand_first(breached: MonitoringResult, read: ReadPage) -> None:
    table = words(read(breached).sections["fields"])
    fields = ["depth ▲ breached", "label answered ▲ breached", "age ∅", "width ✓", "length ✓"]
    assert [table.index(field) for field in fields] == sorted(map(table.index, fields))
    assert "depth ▲ breached 0.789 0.345 depth: over 2.5: 20.0 % in training" in table
    assert "60.0 % in production; up to 1.5: 40.0 % in training, 10.0 % in production" in table
    assert "10.0 % \u2013 7 " in table


def test_a_field_is_told_in_pictures_figures_and_counts(
    breached: MonitoringResult, manifest: Manifest
) -> None:
    seen = (Feature(name="length", kind="number", minimum=0.25, maximum=6.9),)
    page = draw(breached, manifest.model_copy(update={"features": seen}))
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
    calm: MonitoringResult, read: ReadPage, make_shift: MakeShift
) -> None:
    region = make_shift(
        "region",
        bins=("north", "south", "(unseen)", "(missing)"),
        edges=(),
        observed=(20, 5, 15, 0),
        ks=None,
        ks_p=None,
        numbers=None,
    )
    page = read(replace(calm, shifts=(region,)))
    assert "0 % 37.5 % \u2013" in words(page.sections["fields"])
    told = words(page.sections["inputs"])
    assert "north south (unseen) 50.0 % 12.5 % 37.5 % Critical PSI" in told
    assert "Jensen-Shannon 0.321 Shares and counts" in told
    assert "(unseen) 37.5 % 15 20.0 % 10 +17.5" in told


def test_of_many_fields_only_the_breached_are_open(
    breached: MonitoringResult, manifest: Manifest, make_shift: MakeShift
) -> None:
    many = [make_shift(f"x{i}") for i in range(6)] + [make_shift("y", Verdict.VIOLATION)]
    page = draw(replace(breached, shifts=tuple(many)), manifest)
    assert re.findall('<details class="figure" open><summary><h3><bdi>(.*?)<', page) == ["y"]
    assert page.count('<details class="figure"><summary>') == 6
