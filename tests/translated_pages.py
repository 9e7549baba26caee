"""Compare a translated page with its source: headings, code, links, names and numbers."""

import posixpath
import re
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from tests.bakery import FOLDER

PROJECT = FOLDER.name
# A page that is translated in part compares its sections, not its introduction.
NOT_TRANSLATED = (
    *("A metric of your own", "A setting", "Preprocess", "Postprocess", "A request format"),
    *("A route", "Your own metrics", "Logging", "Another runtime", "When that is not enough"),
)
# What stands for an answer in a page that no bake renders.
EXAMPLE = {"__package_name": "iris_classifier", "project_slug": "iris-classifier"}

FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^(#+) (.+)$", re.MULTILINE)
LINK = re.compile(r"\]\(([^)\n]+)\)|\b(?:src|srcset|href)=\"([^\"]+)\"")
NAME = re.compile(r"`([^`]+)`")
NUMBER = re.compile(r"(?<![\w.])\d+(?:[.,]\d+)*")
PERCENTAGE = re.compile(r"(?<![\w.,])(\d+)[ \u00a0]?%")
ROW = re.compile(r"^ *\|.*\|$", re.MULTILINE)
ITEM = re.compile(r"^ *(?:[-*]|\d+\.) ", re.MULTILINE)

# What is translated within code: docstrings, comments, and the words of a diagram or of a tree.
DOCSTRING = re.compile(r'""".*?"""', re.DOTALL)
COMMENT = re.compile(r"(?:^|(?<=\s))# (?!src/).*$", re.MULTILINE)
DESCRIPTION = re.compile(r'^description = ".*"$', re.MULTILINE)
LABEL = re.compile(r'"[^"]*"|\[[^\]]*\]|\|[^|]*\||-- .*? (?=-->)')
CONDITION = re.compile(r'\{\{ "|" if [^}]*\}\}')  # an overlay holds variables only
DEPLOY_LINE = "{{ cookiecutter.__deploy_line }}"
TRAILING = re.compile(r"[ \t]+$", re.MULTILINE)


class Page(NamedTuple):
    """A Portuguese page, the English page that it translates, and what it leaves out of it."""

    portuguese: str
    english: str
    left_out: tuple[str, ...] = ()

    @property
    def folder(self) -> str:
        """Return the folder that the links of the Portuguese page start from."""
        overlay = self.portuguese.startswith(f"{PROJECT}/_options/")
        return posixpath.dirname(self.english if overlay else self.portuguese)


PAGES = (
    Page("README.pt-BR.md", "README.md"),
    Page("docs/pt-BR/quickstart.md", "docs/quickstart.md"),
    Page("docs/pt-BR/make-it-yours.md", f"{PROJECT}/docs/make-it-yours.md", NOT_TRANSLATED),
    Page(
        f"{PROJECT}/_options/language/pt-BR/README.md", f"{PROJECT}/_options/language/en/README.md"
    ),
)
PICTURES = {
    f"docs/images/{name}.pt-BR.png": f"docs/images/{name}.png" for name in ("page", "report")
}
ENGLISH = {page.portuguese: page.english for page in PAGES} | PICTURES


class Section(NamedTuple):
    """What a heading and the text below it must share with their translation."""

    heading: str
    level: int
    code: list[str]
    links: Counter[str]
    names: Counter[str]
    numbers: Counter[str]
    rows: int
    items: int


def comparable(kind: str, code: str) -> str:
    """Return a block of code without what is translated in it."""
    if kind == "mermaid":
        return LABEL.sub("", code)
    if kind == "text":  # a tree: the names, without the words behind them
        lines = CONDITION.sub("", code.replace(DEPLOY_LINE, "deploy/\n")).splitlines()
        return "\n".join(re.split(r" {2,}", line.strip())[0] for line in lines)
    for pattern, kept in ((DOCSTRING, '""""""'), (COMMENT, ""), (DESCRIPTION, ""), (TRAILING, "")):
        code = pattern.sub(kept, code)
    return code


def anchor(heading: str) -> str:
    """Return the fragment that leads to a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def targets(text: str, folder: str, own: str, anchors: list[str]) -> Counter[str]:
    """Count the links of a text: the English page that each leads to, and the heading's number."""
    found = []
    for match in LINK.finditer(text):
        link = match[1] or match[2]
        if "://" in link:
            found.append(link)
            continue
        path, _, fragment = link.partition("#")
        path = posixpath.normpath(posixpath.join(folder, path)) if path else own
        translated = ENGLISH.get(path, path)
        if path == own and fragment in anchors:
            fragment = str(anchors.index(fragment))
        elif path != own and translated in ENGLISH.values():
            fragment = ""  # the heading of another translated page bears another name
        found.append(f"{translated}#{fragment}")
    return Counter(found)


def plain_shares(words: str) -> str:
    """Return words without the marks of items, and with "71%" as "0.71"."""
    return PERCENTAGE.sub(lambda share: f"0.{int(share[1]):02d}", ITEM.sub("", words))


def sections(text: str, folder: str, own: str, left_out: tuple[str, ...] = ()) -> list[Section]:
    """Return the sections of a page but those left out; what stands before a heading is one."""
    blocks: list[str] = []

    def take(match: re.Match[str]) -> str:
        blocks.append(comparable(match[2], re.sub(rf"^{match[1]}", "", match[3], flags=re.M)))
        return f"\0{len(blocks) - 1}\0"

    parts = HEADING.split(FENCE.sub(take, text))
    whole = [("", "", parts[0]), *zip(parts[1::3], parts[2::3], parts[3::3], strict=True)]
    kept = [part for part in whole if part[1] not in left_out]
    anchors = [anchor(heading) for _, heading, _ in kept]
    found = []
    for marks, heading, body in kept:
        words = re.sub("\0\\d+\0", "", LINK.sub("]", NAME.sub("", body)))
        section = Section(
            heading,
            len(marks),
            [blocks[int(number)] for number in re.findall("\0(\\d+)\0", body)],
            targets(body, folder, own, anchors),
            Counter(NAME.findall(body)),
            Counter(re.sub("[.,]", "", each) for each in NUMBER.findall(plain_shares(words))),
            len(ROW.findall(body)),
            len(ITEM.findall(body)),
        )
        found.append(section)
    return found


def differences(page: Page, portuguese: str, english: str) -> Iterator[str]:
    """Yield what a Portuguese page lacks, and what its English source has not."""
    if not page.english.startswith(PROJECT) or page.left_out:
        for answer, example in EXAMPLE.items():
            english = english.replace(f"{{{{ cookiecutter.{answer} }}}}", example)
    theirs = sections(english, posixpath.dirname(page.english), page.english, page.left_out)
    ours = sections(portuguese, page.folder, page.portuguese)
    if page.left_out:
        theirs, ours = ([each for each in some if each.level > 1] for some in (theirs, ours))
    levels = [[(each.level, each.heading) for each in some] for some in (theirs, ours)]
    if [level for level, _ in levels[0]] != [level for level, _ in levels[1]]:
        yield f"headings: {levels[0]} became {levels[1]}"
        return
    for source, translation in zip(theirs, ours, strict=True):
        place = f"{source.heading} ({translation.heading})"
        for before, after in zip(source.code, translation.code, strict=False):
            if before != after:
                yield f"{place}: code: {before!r} became {after!r}"
        for what in ("links", "names", "numbers"):
            missing = getattr(source, what) - getattr(translation, what)
            added = getattr(translation, what) - getattr(source, what)
            # A page may say more of where the reader finds Portuguese.
            known = {*ENGLISH.values(), "language=pt-BR"}
            unknown = [each for each in added if each.split("#")[0] not in known]
            if missing or unknown:
                yield f"{place}: {what}: lacks {sorted(missing)}, has besides {sorted(unknown)}"
        for what in ("rows", "items", "code"):
            before, after = getattr(source, what), getattr(translation, what)
            counts = [len(each) if what == "code" else each for each in (before, after)]
            if counts[0] != counts[1]:
                yield f"{place}: {what}: {counts[0]} became {counts[1]}"
