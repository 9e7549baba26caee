"""Text is printed as it is: neither brackets nor colons are markup."""

import pytest
from modelserve import display


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
