"""The document of the template's structure names what there is."""

import re

from tests.bakery import FOLDER, TEMPLATE

ROW = re.compile(r"^\| `(\w+)` \| (?:an answer|`\w+`(?:, `\w+`)*) \|", re.MULTILINE)


def test_every_option_has_a_row() -> None:
    """And no row is of an option that is gone."""
    rows = ROW.findall((TEMPLATE / "docs" / "structure.md").read_text(encoding="utf-8"))
    assert sorted(rows) == sorted(path.name for path in FOLDER.joinpath("_options").iterdir())
