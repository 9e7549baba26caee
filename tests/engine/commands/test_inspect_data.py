"""`inspect-data` shows what each column is taken for, whether or not it can be trained on."""

import json
import re
import shutil
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from modelserve import display
from modelserve.training.config import Config
from rich.console import Console

from tests.bakery import FOLDER
from tests.engine.commands.run import Command

SAMPLE = FOLDER / "_options" / "sample" / "diabetes"

ODD = """\
,zip,when,Cylinders,town,label
0,01067,2020-01-01,4,Rio,a
1,01097,2020-01-02,6,São Paulo,b
2,01099,2020-01-03,rotary,NA,a
3,99999,2020-01-04,8,,b
"""


def set_width(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    """Set the width of the terminal."""
    console = Console(width=width, highlight=False, markup=False, emoji=False)
    monkeypatch.setattr(display, "console", console)


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give tables the room that they need."""
    set_width(monkeypatch, 250)


def test_the_projects_own_data_are_shown(
    command: Command, config: Config, training_toml: Path
) -> None:
    done = command("inspect-data", "--config", training_toml)
    assert (done.code, done.err) == (0, "")
    assert f"{config.data.source}: " in done.out
    (target,) = (row for row in done.rows if row.startswith(f"{config.data.target} target"))
    assert target.startswith(f"{config.data.target} target category text")
    assert done.out.endswith(" rows can be trained on.\n")


def test_data_that_cannot_be_used_are_shown_with_a_way_out(
    command: Command, training_toml: Path
) -> None:
    Path("odd.csv").write_text(ODD, encoding="utf-8")
    done = command("inspect-data", "odd.csv", "--target", "label", "--config", training_toml)
    assert done.code == 1
    (code,) = (row for row in done.rows if row.startswith("zip "))
    assert code.startswith("zip feature category leading zeros 4")
    refused = [line.split(": ")[1] for line in done.out.splitlines() if line.startswith("refused")]
    assert refused == ['""', "when", "Cylinders"]
    assert 'warning: town: read as missing: 1 "NA"' in done.out
    assert done.out.endswith('index = ""\ndrop = ["when"]\ndtypes = { Cylinders = "category" }\n')


NAMES = [f"kilometres_since_the_last_service_{i}" for i in range(9)]
LONG = """\
{names},town,label
{ones},São José do Rio Preto,a_label_of_thirty_characters_1
{twos},Nossa Senhora do Socorro,a_label_of_thirty_characters_2
""".format(
    names=",".join(NAMES), ones=",".join(["2020-01-01"] * 9), twos=",".join(["2020-01-02"] * 9)
)


@pytest.mark.parametrize("width", [80, 100, 120, 160, 250])
def test_no_word_is_broken_at_the_width_of_a_terminal(
    command: Command, training_toml: Path, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    set_width(monkeypatch, width)
    Path("long.csv").write_text(LONG, encoding="utf-8")
    done = command("inspect-data", "long.csv", "--target", "label", "--config", training_toml)
    table, _, lines = done.out.partition("refused: ")
    words = {word.strip(",") for word in re.split(r"[\s│]+", table)}
    values = '"2020-01-01" "Nossa Socorro" "a_label_of_thirty_characters_2" feature target category'
    assert {*NAMES, *values.split()} <= words
    assert max(map(len, table.splitlines())) <= width
    # One line each, to be copied.
    assert tomllib.loads(lines.rpartition(":\n\n")[2]) == {"drop": NAMES}
    assert f"drop = {json.dumps(NAMES)}" in lines.splitlines()


def test_of_a_file_in_another_dialect_the_columns_are_shown_as_well(
    command: Command, training_toml: Path
) -> None:
    odd = ODD.replace(",", ";").encode("cp1252")
    Path("odd.csv").write_bytes(odd)
    done = command("inspect-data", "odd.csv", "--target", "label", "--config", training_toml)
    refused = [line.split(": ")[1] for line in done.out.splitlines() if line.startswith("refused")]
    assert refused == ["odd.csv", "odd.csv", '""', "when", "Cylinders"]
    written = tomllib.loads(done.out.rpartition(":\n\n")[2])
    assert written == {
        "encoding": "cp1252",
        "separator": ";",
        "index": "",
        "drop": ["when"],
        "dtypes": {"Cylinders": "category"},
    }


GAPPED = "seats,doors,size,lit,label\n" + "".join(
    f"{i % 5 or ''}{'.0' if i % 5 else ''},{i % 4}.0,{i % 3}.5,{i % 2}.0,{'ab'[i % 2 - i % 3]}\n"
    for i in range(40)
)


def test_whole_numbers_that_gaps_made_fractions_are_announced_with_their_dtypes(
    command: Command, training_toml: Path
) -> None:
    Path("rows.csv").write_text(GAPPED, encoding="utf-8")
    given = ("inspect-data", "rows.csv", "--target", "label", "--config", training_toml)
    done = command(*given)
    taken = {row.split()[0]: row for row in done.rows if " number " in row}
    whole = " number whole numbers, as in 1.0 "
    assert {name: whole in row for name, row in taken.items()} == {
        "seats": True,
        "doors": True,
        "size": False,
        "lit": True,
    }
    (warning,) = (line for line in done.out.splitlines() if line.startswith("warning: "))
    assert "seats, lit: whole numbers written with a fraction" in warning
    assert 'write dtypes = { seats = "integer", lit = "boolean" } under [data]' in warning


def test_thousands_are_not_announced_as_whole_numbers_with_a_fraction(
    command: Command, training_toml: Path
) -> None:
    rows = "".join(f"{i}.000,{'ab'[i % 2]}\n" for i in range(100, 140))
    Path("rows.csv").write_text(f"price,label\n{rows}", encoding="utf-8")
    done = command("inspect-data", "rows.csv", "--target", "label", "--config", training_toml)
    assert '"100.000" is read as 100, and three digits follow each "."' in done.out
    assert "whole numbers written with a fraction" not in done.out


def test_numbers_in_another_notation_are_shown_with_the_lines_to_write(
    command: Command, training_toml: Path
) -> None:
    rows = "".join(f"{i % 7 + 1}.264.{i:03},{i}.{i:03},{'ab'[i % 2]}\n" for i in range(100, 140))
    Path("rows.csv").write_text(f"size,price,label\n{rows}", encoding="utf-8")
    done = command("inspect-data", "rows.csv", "--target", "label", "--config", training_toml)
    assert done.code == 1
    assert tomllib.loads(done.out.rpartition(":\n\n")[2]) == {"decimal": ",", "thousands": "."}


@pytest.mark.parametrize("line", ["calibration_size = 0.25", ""], ids=["set", "not set"])
def test_answers_without_an_interval_are_announced(command: Command, line: str) -> None:
    text = (SAMPLE / "config" / "training.toml").read_text(encoding="utf-8")
    given = re.compile("^calibration_size = 0.25", re.M)
    assert given.search(text), "a regressor has an interval by default"
    Path("config").mkdir()
    Path("config/training.toml").write_text(given.sub(line, text), encoding="utf-8")
    shutil.copytree(SAMPLE / "data", "data")
    done = command("inspect-data")
    assert (done.code, done.err) == (0, "")
    announced = "set [split] calibration_size in config/training.toml" in done.out
    assert announced == (not line)
    assert done.out.endswith(" rows can be trained on.\n")


def test_a_split_that_is_impossible_is_refused(command: Command, training_toml: Path) -> None:
    rows = "".join(f"{i % 7},{'ab'[i % 2]}\n" for i in range(40))
    Path("rare.csv").write_text(f"x,label\n{rows}3,c\n", encoding="utf-8")
    done = command("inspect-data", "rare.csv", "--target", "label", "--config", training_toml)
    assert done.code == 1
    assert "refused: The data cannot be split: " in done.out


def test_a_file_that_is_none_is_refused_without_a_table(
    command: Command, training_toml: Path
) -> None:
    done = command("inspect-data", "none.csv", "--config", training_toml)
    assert (done.code, done.out) == (
        1,
        "refused: none.csv: cannot be read: no such file or folder\n",
    )


def test_a_schema_is_written_once_and_data_that_violate_it_are_refused(
    command: Command, with_gate: Callable[[str], Path]
) -> None:
    path = with_gate("accuracy = 0")
    rows = "".join(f"{i % 7},{'ab'[i % 2]}\n" for i in range(40))
    Path("rows.csv").write_text(f"x,label\n{rows}", encoding="utf-8")
    given = ("inspect-data", "rows.csv", "--target", "label", "--config", path)

    written = command(*given, "--write-schema")

    assert (written.code, written.err) == (0, "")
    schema = path.with_name("schema.toml").resolve()
    assert f"{schema} is written: " in written.out
    assert tomllib.loads(schema.read_text(encoding="utf-8"))["columns"] == {
        "x": {"dtype": "integer", "minimum": 0, "maximum": 6},
        "label": {"dtype": "category", "categories": ["a", "b"]},
    }
    again = command(*given, "--write-schema")
    assert (again.code, "exists; delete it to write it anew" in again.err) == (2, True)
    assert command(*given).code == 0

    Path("rows.csv").write_text(f"x,label\n{rows}9,b\n9,a\n", encoding="utf-8")
    refused = command(*given)
    assert refused.code == 1
    assert (
        "refused: x: 2 values (the first in row 41) above maximum = 6.0: the value 9; "
        "edit config/schema.toml, or the data\n" in refused.out
    )
    trained = command("train", "--config", path)
    assert trained.code == 2
    assert "no such column in the data, and the schema has it; edit config/schema.toml" in (
        trained.err
    )
