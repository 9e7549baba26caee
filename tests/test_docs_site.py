"""The site builds without a warning, leads somewhere, loads its own files, and is accessible."""

import ast
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.bakery import FOLDER, LIBRARY, TEMPLATE, tool_environment
from tests.engine.accessibility import VIEWS, Accessibility, install_axe
from tests.engine.browser import Browser, find_browser

pytestmark = pytest.mark.slow

CONTRIBUTING = (TEMPLATE / "CONTRIBUTING.md").read_text(encoding="utf-8")
(COMMAND,) = re.findall(r"`(uv run [^`]* docs\.build_site site)`", CONTRIBUTING)
SHOWN = (
    *("index.html", "pt-BR/index.html", "tutorials/being-paged.html", "reference/serving.html"),
    *("benchmarks.html", "dashboards.html", "search.html"),
)
# The first block of the design is the light one, the second the dark one.
INKS = re.findall(r"--ink: (#\w+);", (LIBRARY / "src/modelserve/design.css").read_text("utf-8"))
LOADS = {"script": "src", "img": "src", "iframe": "src", "source": "src", "object": "data"}
VOID = {"input", "link", "meta", "img", "br", "hr", "source", "wbr", "col"}
SPOKEN = {"aria-label", "title", "placeholder"}
UNSPOKEN = {"article", "script", "style"}
FETCHED_BY_STYLES = re.compile(r"""(?:url\(|@import)\s*["']?((?:https?:)?//[^"')]+)""")


class Page(HTMLParser):
    """What a page links to, what it loads, and the anchors that it has."""

    def __init__(self, text: str) -> None:
        """Read a page."""
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = FETCHED_BY_STYLES.findall(text)
        self.anchors: set[str] = set()
        self.language = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what one element does."""
        values = {name: value or "" for name, value in attrs}
        self.anchors |= {values[name] for name in ("id", "name") if name in values}
        if tag == "html":
            self.language = values["lang"]
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        if tag == "link" and values.get("rel") not in {"next", "prev", "index", "search"}:
            self.loaded.append(values["href"])
        if tag in LOADS and LOADS[tag] in values:
            self.loaded.append(values[LOADS[tag]])


class ThemeWords(HTMLParser):
    """What a page says in its language, by text or by attribute, but for the text of its article.

    That is what the theme says; a part in another language, which its attribute lang names, is not.
    """

    def __init__(self, text: str) -> None:
        """Read a page."""
        super().__init__()
        self.words: set[str] = set()
        self._open: list[tuple[str, str, bool]] = []  # tag, language, whether its text counts
        self._language = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element's attributes, and how to read what is in it."""
        values = {name: value or "" for name, value in attrs}
        _, language, counts = self._open[-1] if self._open else ("", "", True)
        self._language = self._language or values.get("lang", "")
        language = values.get("lang", language)
        if language == self._language:
            self.words |= {values[name] for name in SPOKEN & set(values)}
        if tag not in VOID:
            self._open.append((tag, language, counts and tag not in UNSPOKEN))

    def handle_endtag(self, tag: str) -> None:
        """Leave an element."""
        while tag not in VOID and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        """Note a text of the theme."""
        _, language, counts = self._open[-1] if self._open else ("", "", False)
        if counts and language == self._language:
            self.words.add(data.strip())


def build(root: Path, site: Path) -> subprocess.CompletedProcess[str]:
    """Build the site of a tree, in an environment that holds the group `docs` alone."""
    return subprocess.run(
        [*COMMAND.split()[:-1], str(site)],
        cwd=root,
        env=tool_environment() | {"PYTHONDONTWRITEBYTECODE": "1", "UV_PROJECT": str(TEMPLATE)},
        check=False,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the site, which was built without a warning."""
    folder = tmp_path_factory.mktemp("site") / "site"
    done = build(TEMPLATE, folder)
    assert done.returncode == 0, done.stdout
    return folder


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[str, Page]:
    """Return every page, by its path on the site."""
    return {
        path.relative_to(site).as_posix(): Page(path.read_text(encoding="utf-8"))
        for path in site.rglob("*.html")
    }


@pytest.fixture(scope="module")
def accessibility(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Accessibility]:
    """Return what checks a page that a browser shows."""
    folder, program, script = tmp_path_factory.mktemp("browser"), find_browser(), ""
    with suppress(OSError, subprocess.CalledProcessError):
        script = install_axe(folder)
    if not (program and script):
        reason = "there is no chromium here, or no axe-core, which npm installs"
        assert not os.environ.get("REQUIRE_ALL"), reason
        pytest.skip(reason)
    with Browser(str(program), folder / "profile") as browser:
        yield Accessibility(browser, script)


@pytest.fixture
def copy(tmp_path: Path) -> Callable[[], Path]:
    """Return a function that copies what the site is made of, to spoil it."""

    def copy_sources() -> Path:
        root = tmp_path / "tree"
        sources = [*TEMPLATE.glob("*.md"), *TEMPLATE.glob("docs/**/*"), *LIBRARY.rglob("*")]
        sources += [*FOLDER.glob("docs/*"), TEMPLATE / "LICENSE", TEMPLATE / "pyproject.toml"]
        for source in sources:
            if source.is_file() and source.suffix != ".pyc":
                target = root / source.relative_to(TEMPLATE)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, target)
        return root

    return copy_sources


def dead_links(site: Path, pages: dict[str, Page]) -> Iterator[str]:
    """Yield the links within the site that lead to no page, file or anchor."""
    for name, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme:
                if parts.scheme not in {"http", "https", "mailto"} or not (
                    parts.netloc or parts.path
                ):
                    yield f"{name}: {link}"
                continue
            target = (site / name).parent / unquote(parts.path) if parts.path else site / name
            if not target.is_file():
                yield f"{name}: {link}"
            elif parts.fragment and target.suffix == ".html":
                other = pages[target.resolve().relative_to(site.resolve()).as_posix()]
                if unquote(parts.fragment) not in other.anchors:
                    yield f"{name}: {link}"


def test_every_document_is_a_page(pages: dict[str, Page]) -> None:
    """The template's, the library's and those in Portuguese, which say so."""
    documents = [path.relative_to(TEMPLATE / "docs") for path in TEMPLATE.glob("docs/**/*.md")]
    library = [path.relative_to(LIBRARY / "docs") for path in LIBRARY.glob("docs/**/*.md")]
    names = [*map(str, documents), *(f"library/{name}" for name in library), "README.md"]
    expected = {re.sub(r"\bREADME\.md$", "index.md", name)[:-2] + "html" for name in names}
    assert len(expected) > 50
    assert expected <= set(pages)
    assert {page.language for name, page in pages.items() if name.startswith("pt-BR/")} == {"pt-BR"}
    assert pages["index.html"].language == "en"


def test_the_theme_speaks_the_language_of_a_page(site: Path) -> None:
    """A word that a Portuguese page and an English one share was not translated."""
    english = ThemeWords((site / "quickstart.html").read_text(encoding="utf-8")).words
    assert {"Search", "Skip to content", "Next", "Previous", "Link to this heading"} <= english
    assert "Glossário" not in english
    names = {"", "Furo", "Model service template", "Menu", "Site"}  # the same in both
    for path in site.glob("pt-BR/*.html"):
        portuguese = ThemeWords(path.read_text(encoding="utf-8")).words
        assert {"Busca", "Glossário"} <= portuguese
        assert portuguese & english <= names


def test_the_portuguese_pages_begin_with_the_first_steps_and_end_with_the_glossary(
    site: Path,
) -> None:
    start = (site / "pt-BR/index.html").read_text(encoding="utf-8")
    sidebar = re.findall(r'<li class="toctree-l2"><a [^>]*href="([a-z-]+\.html)"', start)
    assert len(sidebar) == len(list((TEMPLATE / "docs/pt-BR").glob("*.md")))
    assert (sidebar[0], sidebar[-1]) == ("quickstart.html", "glossario.html")


DIAGRAM = """
```mermaid
flowchart LR
    a([one two]) --> b[three (3)] -- four (4) --> c(five)
    b --> d{"six?"} --> e[(seven)] -- eight --> a
    e --> f((nine)) --> g[[ten]] --> h{{eleven}} --> last
```
"""
DRAWN = """<span></span>one two → three (3) → (four (4)) → five
three (3) → six? → seven → (eight) → one two
seven → nine → ten → eleven → last
</pre>"""


def test_a_diagram_is_drawn_as_text(copy: Callable[[], Path], tmp_path: Path) -> None:
    """With each node's text, whatever its shape, and wherever the node occurs again."""
    root = copy()
    with (root / "docs" / "structure.md").open("a", encoding="utf-8") as stream:
        stream.write(DIAGRAM)
    done = build(root, tmp_path / "site")
    assert done.returncode == 0, done.stdout
    assert DRAWN in (tmp_path / "site" / "structure.html").read_text(encoding="utf-8")


def test_every_link_of_the_site_leads_somewhere(site: Path, pages: dict[str, Page]) -> None:
    """Those to other sites are only read: a test needs no network for them."""
    assert sum(len(page.links) for page in pages.values()) > 1000
    assert not list(dead_links(site, pages))


def test_no_page_loads_anything_from_elsewhere(site: Path, pages: dict[str, Page]) -> None:
    """Neither a font nor a script, so nobody learns who reads it."""
    loaded = {each for page in pages.values() for each in page.loaded}
    for style in site.rglob("*.css"):
        loaded |= set(FETCHED_BY_STYLES.findall(style.read_text(encoding="utf-8")))
    assert any(each.endswith(".css") or ".css?" in each for each in loaded)
    elsewhere = [each for each in loaded if urlsplit(each).netloc or urlsplit(each).scheme != ""]
    assert [each for each in elsewhere if not each.startswith("data:")] == []


def test_every_public_name_is_in_the_reference(pages: dict[str, Page]) -> None:
    """By a heading of its own."""
    names: set[str] = set()
    for module in ("__init__.py", "testing/__init__.py"):
        source = (LIBRARY / "src" / "modelserve" / module).read_text(encoding="utf-8")
        (listed,) = re.findall(r"^__all__ = (\[.*?\])", source, re.M | re.S)
        names |= set(ast.literal_eval(listed))
    assert {"Service", "edge_rows"} <= names
    reference = [page for name, page in pages.items() if name.startswith("reference/")]
    anchors = {anchor.replace("-", "_") for page in reference for anchor in page.anchors}
    assert [name for name in sorted(names) if name.lower() not in anchors] == []


def test_the_workflow_publishes_what_the_command_builds() -> None:
    workflow = (TEMPLATE / ".github/workflows/docs.yml").read_text(encoding="utf-8")
    assert f"run: {COMMAND}\n" in workflow


@pytest.mark.e2e
@pytest.mark.parametrize("name", SHOWN)
def test_a_page_violates_no_rule(site: Path, accessibility: Accessibility, name: str) -> None:
    browser = accessibility.browser
    for width, scheme in VIEWS:
        browser.emulate(width=width, scheme=scheme)
        browser.open((site / name).as_uri())
        assert accessibility.violations() == [], (width, scheme)
        assert browser.run("document.documentElement.scrollWidth") <= width
        ink = INKS[scheme == "dark"]
        shown = "getComputedStyle(document.body).getPropertyValue('--color-foreground-primary')"
        assert browser.run(shown).strip() == ink, "not the colour of the service's page"


@pytest.mark.e2e
@pytest.mark.parametrize("width", [390, 1280])
def test_a_page_is_read_by_keyboard(site: Path, accessibility: Accessibility, width: int) -> None:
    browser = accessibility.browser
    browser.emulate(width=width)
    browser.open((site / "tutorials/being-paged.html").as_uri())
    assert accessibility.without_focus() == []


@pytest.mark.parametrize(
    ("fault", "complaint"),
    [
        pytest.param(
            "[dead](no-such-page.md)", "docs/structure.md: there is no no-such-page.md", id="page"
        ),
        pytest.param("[dead](questions.md#no-such-heading)", "no-such-heading", id="anchor"),
        pytest.param(
            "[dead][no-such-reference]\n\n| a |\n|---|\n\n```{no-such-directive}\n```",
            "no-such-directive",
            id="directive",
        ),
    ],
)
def test_a_fault_in_a_document_stops_the_build(
    copy: Callable[[], Path], tmp_path: Path, fault: str, complaint: str
) -> None:
    """And names it."""
    root = copy()
    with (root / "docs" / "structure.md").open("a", encoding="utf-8") as stream:
        stream.write(f"\n{fault}\n")
    done = build(root, tmp_path / "site")
    assert done.returncode == 1, done.stdout
    assert complaint in done.stdout
