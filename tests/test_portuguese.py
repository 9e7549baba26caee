"""Portuguese pages have the headings, commands, links, names and numbers of the English ones."""

import re

import pytest

from tests.bakery import TEMPLATE
from tests.translated_pages import (
    ENGLISH,
    FENCE,
    HEADING,
    NOT_TRANSLATED,
    PAGES,
    PROJECT,
    Page,
    anchor,
    differences,
    targets,
)


def read(name: str) -> str:
    """Return the text of a page of the template."""
    return (TEMPLATE / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.portuguese)
def test_a_portuguese_page_says_what_its_source_says(page: Page) -> None:
    """Change both, when this fails."""
    found = list(differences(page, read(page.portuguese), read(page.english)))
    assert not found, "\n".join(found)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.portuguese)
def test_every_anchor_is_a_heading(page: Page) -> None:
    """Of the same page; the links to other pages are compared with the source's."""
    text = read(page.portuguese)
    headings = {anchor(heading) for _, heading in HEADING.findall(FENCE.sub("", text))}
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= headings


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.portuguese)
def test_every_local_link_exists(page: Page) -> None:
    """But those of a project's README, which the hook checks in the project."""
    if not page.portuguese.startswith(PROJECT):
        for link in targets(read(page.portuguese), page.folder, page.portuguese, []):
            path = link.split("#")[0]
            assert "://" in link or (TEMPLATE / path).exists(), link


def test_every_portuguese_page_is_compared() -> None:
    """But the glossary, which no English reader needs."""
    pages = {path.relative_to(TEMPLATE).as_posix() for path in (TEMPLATE / "docs").glob("pt-BR/*")}
    assert pages - {"docs/pt-BR/glossario.md"} <= set(ENGLISH)


def test_what_is_left_out_exists() -> None:
    """So that a recipe of another name is translated or left out anew."""
    headings = {heading for _, heading in HEADING.findall(read(PAGES[2].english))}
    assert set(NOT_TRANSLATED) <= headings


def test_a_share_is_no_fraction_in_portuguese() -> None:
    """A Brazilian writes "71% da vazão" where English has "0.71 of the rate"."""
    for page in PAGES:
        words = FENCE.sub("", read(page.portuguese))
        assert not re.findall(r"(?<![\w,.])0,\d+ d[aeo]s? .*", words), page.portuguese


SOURCE = """# Start

Run `train` with [the data](docs/data.md), at least 120 rows, 0.71 of all.

```console
$ train --seed 42    # a number
```

## Next

1. Read.
"""
TRANSLATION = """# Comece

Rode `train` com [os dados](docs/data.md), pelo menos 120 linhas, 71% de todas.

```console
$ train --seed 42    # um número
```

## Depois

1. Leia.
"""


@pytest.mark.parametrize(
    ("before", "after", "complaint"),
    [
        pytest.param("## Next", "## Next\n\n## Last", "headings: ", id="heading"),
        pytest.param("## Next", "### Next", "headings: ", id="level"),
        pytest.param("--seed 42", "--seed 43", "Start (Comece): code: ", id="command"),
        pytest.param("```console", "```console\n```\n```console", ": code: 2 became 1", id="block"),
        pytest.param("docs/data.md", "docs/texts.md", "Start (Comece): links: ", id="link"),
        pytest.param("`train`", "`evaluate`", "Start (Comece): names: ", id="name"),
        pytest.param("120", "150", "Start (Comece): numbers: ", id="number"),
        pytest.param("0.71 of", "0.72 of", "Start (Comece): numbers: ", id="share"),
        pytest.param("1. Read.", "1. Read.\n2. Write.", "Next (Depois): items: ", id="item"),
        pytest.param("1. Read.", "1. Read.\n\n| a |", "Next (Depois): rows: ", id="row"),
    ],
)
def test_a_change_of_the_source_is_found(before: str, after: str, complaint: str) -> None:
    """Wherever a reader of the translation would miss it."""
    page = Page("leia.md", "read.md")
    assert not list(differences(page, TRANSLATION, SOURCE))
    assert before in SOURCE
    found = "\n".join(differences(page, TRANSLATION, SOURCE.replace(before, after, 1)))
    assert complaint in found
