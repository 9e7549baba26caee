"""The macros that every section of the report uses."""

from typing import Any

import pytest
from modelserve.monitoring.report.page import make_environment
from modelserve.monitoring.results.drift import Verdict


@pytest.fixture
def macros() -> Any:
    """Return the macros as functions."""
    return make_environment().get_template("macros.html").module


@pytest.mark.parametrize(
    ("names", "written"),
    [
        pytest.param([], "", id="none"),
        pytest.param(["a"], "a", id="one"),
        pytest.param(["a", "b"], "a and b", id="two"),
        pytest.param(["a", "b", "c"], "a, b and c", id="three"),
        pytest.param(["a", "b", "c", "d"], "a, b, c and 1 more", id="more"),
        pytest.param(["a", "<b>"], "a and &lt;b&gt;", id="hostile"),
    ],
)
def test_names_are_listed_as_in_a_sentence(macros: Any, names: list[str], written: str) -> None:
    listed = str(macros.listed(names, most=3))
    assert listed.replace("<bdi>", "").replace("</bdi>", "") == written


@pytest.mark.parametrize("verdict", Verdict)
def test_a_verdict_is_a_mark_and_a_word(macros: Any, verdict: Verdict) -> None:
    mark, word = str(macros.chip(verdict)).split("</i> ")
    assert mark[-1] in "▲✓…∅·"
    assert word == f"{verdict.value}</span>"


def test_a_name_is_isolated_in_its_direction_and_escaped(macros: Any) -> None:
    assert str(macros.text("<a & b>")) == "<bdi>&lt;a &amp; b&gt;</bdi>"
    assert str(macros.text(" ")) == "<bdi>(blank)</bdi>"
