"""Whatever a name holds, the report shows it and nothing more; it asks for nothing."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from modelserve.manifest import Manifest
from modelserve.monitoring.report.page import render
from modelserve.monitoring.results.captures import LineError
from modelserve.monitoring.results.drift import Verdict
from modelserve.monitoring.results.fairness import GroupMetric
from modelserve.monitoring.results.performance import LabelMetrics, Metric
from modelserve.monitoring.results.result import MonitoringResult, Violation

MakeDrift = Callable[..., Any]
ReadPage = Callable[[MonitoringResult], Any]
HOSTILE = "\" '</title><script>alert(1)</script><img src=x onerror=a()>&amp;$name ${x}"


def renamed(result: MonitoringResult, name: str) -> MonitoringResult:
    """Return the result with another name for all that has one."""
    assert result.performance
    assert result.fairness
    return replace(
        result,
        model=name,
        version=name,
        captures=replace(
            result.captures, line_errors=(LineError(name, 1, name),), versions={"a": 1, name: 2}
        ),
        fields=tuple(
            replace(
                each,
                field=name,
                bins=(name, *each.bins[1:-1], "(unseen)", each.bins[-1]),
                reference=(*each.reference, 0),
                observed=(*each.observed, 0),
                edges=(),
            )
            for each in result.fields
        ),
        performance=replace(
            result.performance,
            metrics=(Metric(name, 1, 1, 1, 1, Verdict.OK),),
            labels=(LabelMetrics(name, 1, 1, 1),),
            confusion=((1, 1),),
        ),
        fairness=replace(
            result.fairness,
            groups=(GroupMetric(name, 1, name, 1, True),),
            gaps=tuple(
                replace(each, label=name, low=name, high=name) for each in result.fairness.gaps
            ),
        ),
        violations=(Violation(name, name, name, "input-drift"),),
    )


def test_hostile_names_are_shown_and_nothing_more(
    violated: MonitoringResult, read: ReadPage
) -> None:
    expected, shown = read(renamed(violated, "ok")), read(renamed(violated, HOSTILE))
    assert shown.tags == expected.tags
    assert [each.keys() for each in shown.attributes] == [
        each.keys() for each in expected.attributes
    ]
    for section in (
        "verdict",
        "read",
        "fields",
        "inputs",
        "outputs",
        "performance",
        "labels",
        "fairness",
        "model",
    ):
        assert HOSTILE in shown.sections[section]


def test_a_hostile_manifest_is_shown_and_nothing_more(
    ok: MonitoringResult, manifest: Manifest
) -> None:
    hostile = manifest.model_copy(
        update={
            "description": HOSTILE,
            "data": manifest.data.model_copy(update={"source": HOSTILE}),
        }
    )
    page = render(ok, hostile)
    assert page.count("<script") == page.count("<img") == 0
    assert page.count("&lt;script&gt;") == 2


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        pytest.param("unbroken" * 2_000, "unbroken" * 9 + "unbroke…", id="long"),
        pytest.param("a\ud800\x00\u202eb\n\nc", "a\ufffd\ufffd\ufffdb c", id="not-to-be-seen"),
        pytest.param(" \n ", "(blank)", id="blank"),
    ],
)
def test_names_that_cannot_be_shown_are_cut_or_marked(
    violated: MonitoringResult, manifest: Manifest, name: str, shown: str
) -> None:
    page = render(renamed(violated, name), manifest)
    assert f"<h1><bdi>{shown}</bdi> in production</h1>" in page
    assert len(page.encode()) < 100_000


def test_the_page_asks_for_nothing_and_may_not(
    violated: MonitoringResult, manifest: Manifest
) -> None:
    page = render(violated, manifest)
    assert not re.findall(r"https?:|[\"'(]//|\bsrc=|url\(|@import", page)
    assert (
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">" in page
    )
    assert page.index("Content-Security-Policy") < page.index("<style>")


def test_a_hundred_fields_stay_below_a_megabyte(
    violated: MonitoringResult, manifest: Manifest, make_drift: MakeDrift
) -> None:
    names = [f"a category of some length, number {i}" for i in range(200)]
    changes = {
        "bins": (*names, "(unseen)", "(missing)"),
        "edges": (),
        "reference": (1_000,) * 200 + (0, 1_000),
        "observed": (1_000,) * 200 + (1_000, 1_000),
    }
    fields = tuple(make_drift(f"a field of some length, number {i}", **changes) for i in range(100))
    assert len(render(replace(violated, fields=fields), manifest).encode()) < 1_000_000


def luminance(colour: str) -> float:
    """Return a colour's relative luminance.

    Source: WCAG 2.2, "relative luminance".
    """
    digits = colour * 2 if len(colour) == 3 else colour
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_what_is_written_stands_out_from_its_ground(
    ok: MonitoringResult, manifest: Manifest
) -> None:
    schemes = re.findall(r":root \{(.*?)\}", render(ok, manifest), re.S)[:2]
    for scheme in schemes:
        colours = dict(re.findall(r"--(\w+): #(\w+)", scheme))
        grounds = [luminance(colours[ground]) for ground in ("card", "back")]
        for ink, least in (("ink", 7), ("soft", 4.5), ("accent", 4.5), ("bad", 4.5), ("rim", 3)):
            for ground in grounds:
                low, high = sorted([ground, luminance(colours[ink])])
                assert (high + 0.05) / (low + 0.05) >= least, (ink, scheme)
