"""What is wrong with a configuration file is named with its line, or with the key that is meant."""

from pathlib import Path

import pytest
from modelserve.errors import ConfigurationError
from modelserve.toml_file import read
from pydantic import BaseModel, ConfigDict

LINES = {
    "word": (
        "target = profits  # a year",
        "Invalid value (at line 2, column 10): target = profits  # a year; "
        "write the value in quotes",
    ),
    "path": (
        "path = data/yours.csv",
        "Invalid value (at line 2, column 8): path = data/yours.csv; write the value in quotes",
    ),
    "boolean": (
        "drop = True",
        "Invalid value (at line 2, column 8): drop = True; write true",
    ),
    "list": ("drop = [a, b]", "Invalid value (at line 2, column 9): drop = [a, b]"),
    "end": ("target =", "Invalid value (at end of document)"),
}


class Column(BaseModel):
    """A table with one key."""

    model_config = ConfigDict(extra="forbid")

    minimum: float = 0


class Layout(BaseModel):
    """A file whose tables lie in each place that a table can have."""

    model_config = ConfigDict(extra="forbid")

    separator: str = ","
    plain: Column = Column()
    optional: Column | None = None
    named: dict[str, Column] = {}
    listed: tuple[Column, ...] = ()


def test_a_byte_order_mark_is_named(tmp_path: Path) -> None:
    path = tmp_path / "training.toml"
    path.write_text("seed = 1\n", encoding="utf-8-sig")
    with pytest.raises(ConfigurationError, match="begins with a byte-order mark; save it as UTF-8"):
        read(path, Layout)


@pytest.mark.parametrize(("line", "problem"), LINES.values(), ids=LINES)
def test_a_line_that_is_not_toml_is_shown_with_the_way_out(
    tmp_path: Path, line: str, problem: str
) -> None:
    path = tmp_path / "training.toml"
    path.write_text(f"seed = 1\n{line}", encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        read(path, Layout)
    assert str(caught.value) == f"{path} cannot be read: {problem}"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ('seperator = ";"', "seperator: {} (did you mean `separator`?)"),
        ("plain.minimun = 1", "plain.minimun: {} (did you mean `minimum`?)"),
        ("optional.minimun = 1", "optional.minimun: {} (did you mean `minimum`?)"),
        ("named.a.minimun = 1", "named.a.minimun: {} (did you mean `minimum`?)"),
        ("listed = [{minimun = 1}]", "listed.0.minimun: {} (did you mean `minimum`?)"),
        ("plain.colour = 1", "plain.colour: {} (the keys here: minimum)"),
    ],
)
def test_an_unknown_key_is_named_with_the_nearest(
    tmp_path: Path, content: str, problem: str
) -> None:
    path = tmp_path / "training.toml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        read(path, Layout)
    expected = problem.format("Extra inputs are not permitted")
    assert str(caught.value) == f"{path}: {expected}."
