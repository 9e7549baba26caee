"""Text is printed as it is: neither brackets nor colons are markup."""

import io
import re

import pytest
from modelserve import display
from modelserve.promotion.presentation import show_comparison
from modelserve.training.gate import GateResult
from rich.console import Console

from tests.engine.promotion.conftest import comparison, metric


@pytest.mark.parametrize("text", ["weight [kg]", "[bold]", "[/red]", "C:\\[x]\\y", ":smile:"])
def test_text_is_shown_as_it_is(capsys: pytest.CaptureFixture[str], text: str) -> None:
    display.show(text, [(text, "1")], head=("name", "value"))
    display.say(text)
    display.say(text, aside=True)
    assert capsys.readouterr().out.count(text) == 4


def test_a_sentence_is_never_broken(capsys: pytest.CaptureFixture[str]) -> None:
    display.say("word " * 100)
    assert capsys.readouterr().out.count("\n") == 1


def test_a_table_has_a_header_only_if_one_is_given(capsys: pytest.CaptureFixture[str]) -> None:
    display.show("title", [("a", "b")])
    without = capsys.readouterr().out
    display.show("title", [("a", "b")], head=("name", "value"))
    given = capsys.readouterr().out
    assert "title" in without
    assert "name" in given
    assert given.count("\n") == without.count("\n") + 2


def test_no_character_of_a_long_value_is_lost(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(display, "console", Console(width=40))
    path = "/a/folder" * 20
    display.show("", [("artifact", path)])
    assert path in re.sub(r"[\s│]", "", capsys.readouterr().out)


RESULTS = [
    GateResult("accuracy", 0.9, ">= 0.8", True),
    GateResult("accuracy", 0.9, "<= 0.95", True),
    GateResult("recall", 0.1, ">= 0.2", False),
]
METRICS = {"accuracy": 0.9, "recall": 0.1, "log_loss": 0.3}


def draw(monkeypatch: pytest.MonkeyPatch, *, terminal: bool) -> list[str]:
    """Return the lines of a table of metrics and of a warning."""
    stream = io.StringIO()
    console = Console(
        file=stream,
        force_terminal=terminal,
        color_system="standard" if terminal else None,
        width=100,
        markup=False,
    )
    monkeypatch.setattr(display, "console", console)
    display.show_metrics("a model", METRICS, RESULTS)
    display.warn("look [here]")
    return stream.getvalue().splitlines()


def test_a_passed_bound_is_green_and_a_missed_one_red(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = draw(monkeypatch, terminal=True)
    (passed,) = (line for line in lines if "accuracy" in line)
    (missed,) = (line for line in lines if "recall" in line)
    (plain,) = (line for line in lines if "log_loss" in line)
    assert "\x1b[32m>= 0.8: passed, <= 0.95: passed" in passed
    assert "\x1b[31m>= 0.2: missed" in missed
    assert "\x1b[3" not in plain
    assert lines[-1].startswith("\x1b[33mwarning: ")


def test_there_is_no_colour_without_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = draw(monkeypatch, terminal=False)
    assert not any("\x1b" in line for line in lines)
    assert lines[-1] == "warning: look [here]"


def test_there_is_no_colour_where_none_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    lines = draw(monkeypatch, terminal=True)
    assert not re.search(r"\x1b\[3\d", "".join(lines))


def test_versions_and_metrics_can_be_searched_for_in_a_narrow_table(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(display, "console", Console(width=80))
    time, why, versions = "2026-11-30 10:00", "for a reason " * 9, ("0.1.0-d3114101", "0.1.0-a3")
    head = ("", "UTC", "by", "decision", "candidate", "before", "why")
    display.show("", [("1", time, "somebody <a@b.c>", "approved", *versions, why)], head=head)
    record = capsys.readouterr().out
    metric = "median_absolute_error (primary)"
    row = (metric, "49.1234", "48.1234", "-1.0000", "-2.1234 to -0.1234", "better")
    columns = ("metric", "served", "candidate", "difference", "95 % interval", "verdict")
    display.show("", [row], head=columns)
    comparison = capsys.readouterr().out
    assert all(version in record for version in versions)
    assert metric in comparison
    assert max(map(len, (record + comparison).splitlines())) <= 80


def test_figures_of_a_comparison_are_whole_in_a_narrow_table(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(display, "console", Console(width=80))
    shown = {
        "root_mean_squared_error": (123_858.1802, 125_000.55),
        "mean_absolute_error": (9876.1234, 9899.4),
        "r2": (0.91, 0.9),
    }
    metrics = (
        metric(name, "worse", champion=old, candidate=new, difference=new - old)
        for name, (old, new) in shown.items()
    )
    show_comparison(comparison(*metrics, primary="root_mean_squared_error"))
    words = capsys.readouterr().out.replace("│", " ").split()
    assert {"root_mean_squared_error", "(primary)", "123858", "125001"} <= {*words}
    assert {"9876.1", "9899.4", "+1142.4", "+23.277", "0.9100", "-0.0100"} <= {*words}


def test_no_character_of_a_long_version_is_lost(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(display, "console", Console(width=40))
    version = "1.0.0-abcdefgh" * 3
    display.show("", [(version, version, "why")], head=("candidate", "before", "why"))
    lines = [line.split("│") for line in capsys.readouterr().out.splitlines() if "│" in line]
    for column in (1, 2):
        assert "".join(line[column].strip() for line in lines) == version
