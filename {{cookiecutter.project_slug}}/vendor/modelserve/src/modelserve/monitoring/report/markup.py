"""The report's HTML in small pieces, in which what comes from data is text and nothing else."""

import html
from collections.abc import Iterable, Sequence

from ..findings import Verdict
from .wording import clip

NAME, SENTENCE = 80, 500  # letters that are still shown
BLANK = "(blank)"
WIDE = 5  # columns of a table that is as wide as the page
MARKS = {
    Verdict.VIOLATION: "▲",
    Verdict.OK: "✓",
    Verdict.TOO_FEW: "…",
    Verdict.UNREAD: "∅",
    Verdict.INFORMATIVE: "·",
}
WORDS = {
    Verdict.VIOLATION: "breached",
    Verdict.OK: "calm",
    Verdict.TOO_FEW: "too few to tell",
    Verdict.UNREAD: "not read",
    Verdict.INFORMATIVE: "for information",
}


def text(value: str, *, longest: int = NAME) -> str:
    """Return any text from elsewhere as HTML that shows it, on one line, in its own direction."""
    return f"<bdi>{html.escape(clip(value, longest) or BLANK)}</bdi>"


def sentence(value: str) -> str:
    """Return the same of what may be longer than a name."""
    return text(value, longest=SENTENCE)


def chip(verdict: Verdict) -> str:
    """Return what is said of a figure: a mark and a word, so that nothing hangs on a colour."""
    kind = verdict.name.lower().replace("_", "-")
    mark = f'<i aria-hidden="true">{MARKS[verdict]}</i>'
    return f'<span class="chip {kind}">{mark} {WORDS[verdict]}</span>'


def table(
    title: str, head: Sequence[str], rows: Iterable[Sequence[str]], *, words: Sequence[int] = ()
) -> str:
    """Return a table that scrolls within itself where the screen is too narrow.

    Args:
        title: what it shows, as text, for those who cannot see it.
        head: of each column, as HTML.
        rows: of each row the cells as HTML; the first one is the row's own head.
        words: places of the columns that hold no figures; the first one never does.
    """
    kinds = [' class="w"' if i in words or i == 0 else "" for i in range(len(head))]
    titles = "".join(
        f'<th scope="col"{kind}>{name}</th>' for name, kind in zip(head, kinds, strict=True)
    )
    lines = []
    for first, *others in rows:
        cells = "".join(
            f"<td{kind}>{cell}</td>" for cell, kind in zip(others, kinds[1:], strict=True)
        )
        lines.append(f'<tr><th scope="row">{first}</th>{cells}</tr>\n')
    named = f'role="region" aria-label="{html.escape(title)}"'
    narrow = ' class="narrow"' if len(head) < WIDE else ""
    return (
        f'<div class="scroll" {named} tabindex="0"><table{narrow}>\n'
        f"<thead><tr>{titles}</tr></thead>\n<tbody>\n{''.join(lines)}</tbody></table></div>\n"
    )


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """Return names with what they stand for, side by side."""
    lines = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>\n" for name, value in pairs)
    return f"<dl>\n{lines}</dl>\n"


def paragraph(*sentences: str, kind: str = "") -> str:
    """Return sentences as one paragraph, nothing where there are none."""
    attribute = f' class="{kind}"' if kind else ""
    return f"<p{attribute}>{' '.join(sentences)}</p>\n" if sentences else ""


def folded(title: str, content: str) -> str:
    """Return what stands behind its title until someone opens it, or prints the page."""
    return f"<details><summary>{title}</summary>\n{content}</details>\n"


def section(anchor: str, title: str, *content: str) -> str:
    """Return a part of the page under its heading."""
    return f'<section id="{anchor}">\n<h2>{title}</h2>\n{"".join(content)}</section>\n'
