"""`key` creates an API key and its hash."""

from pathlib import Path

from modelserve.serving.access import load_access

from tests.engine.commands.run import Command, one_line


def test_a_key_is_accepted_by_its_line(command: Command, tmp_path: Path) -> None:
    done = command("key", "team-a")
    made, line = (text for text in done.out.splitlines() if " " not in text)
    keys = tmp_path / "keys"
    keys.write_text(line, encoding="utf-8")
    assert (done.code, done.err) == (0, "")
    assert made not in line
    assert load_access(keys).identify({b"x-api-key": made.encode()}) == "team-a"


def test_a_key_needs_a_valid_name(command: Command) -> None:
    done = command("key", "team a")
    assert done.code == 2
    assert one_line(done.err).startswith("error: 'team a' is no name for a key")
