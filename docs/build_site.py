"""Build the site from the documents of the template and of the library, every warning an error.

uv run --isolated --only-group docs python -m docs.build_site site
"""

import os
import re
import shutil
import sys
import tempfile
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from sphinx.cmd.build import build_main

from docs.accessible_pages import correct_pages
from docs.reference_pages import reference_pages

ROOT = Path(__file__).parents[1]
LIBRARY = ROOT / "{{cookiecutter.project_slug}}" / "vendor" / "modelserve"
REPOSITORY = "https://github.com/org/template"  # for files that are no pages
SINGLE_PAGES = {
    "README.md": "index.md",
    "README.pt-BR.md": "pt-BR/index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
}
CONTENTS = {
    "index.md": {
        "Start": ["quickstart", "questions", "tutorials/*", "updating"],
        "The template": [
            "structure",
            "add-an-option",
            "benchmarks",
            "dashboards",
            "decisions/index",
            "release",
        ],
        "The library": ["library/index", "reference/index"],
        "Project": ["contributing", "changelog", "Português do Brasil <pt-BR/index>"],
    },
    "decisions/index.md": {"": ["*"]},
    "library/index.md": {"": ["*", "runbooks/index", "decisions/*"]},
    "library/runbooks/index.md": {"": ["*"]},
    "pt-BR/index.md": {"": ["quickstart", "make-it-yours", "glossario"]},
    "reference/index.md": {"": ["*"]},
}
RUNBOOKS = "# Runbooks\n\nOne for each alert: how to diagnose it, what to do.\n"

FENCED = re.compile(r"(^ *```.*?^ *```$)", re.M | re.S)
LINK = re.compile(r"(?<=\]\()([^)\s]+)(?=\))")
BADGE = re.compile(r"^\[!\[[^]]*\]\(https:.*\n", re.M)
MERMAID = re.compile(r"```mermaid\nflowchart LR\n(.*?)```", re.S)
ARROW = re.compile(r" --(?: (.*?) --)?> ")
# The outlines of a node, those of two signs first.
OUTLINES = ("([ ])", "[( )]", "(( ))", "[[ ]]", "{{ }}", "[ ]", "( )", "{ }")
SHAPES = [
    re.compile(rf'(\w+){re.escape(left)}"?(.*?)"?{re.escape(right)}')
    for left, right in (outline.split() for outline in OUTLINES)
]


class DeadLinkError(ValueError):
    """A document names a file that does not exist."""


def find_pages() -> dict[Path, str]:
    """Return the name on the site of every document and picture, by its path."""
    pages = {ROOT / source: name for source, name in SINGLE_PAGES.items()}
    pages |= {LIBRARY / "docs" / "runbooks": "library/runbooks/index.md"}
    for folder, prefix in ((ROOT / "docs", ""), (LIBRARY / "docs", "library/")):
        for suffix in ("md", "svg", "png"):
            for path in sorted(folder.rglob(f"*.{suffix}")):
                name = prefix + path.relative_to(folder).as_posix()
                pages[path] = re.sub(r"\bREADME\.md$", "index.md", name)
    return pages


def resolve(link: str, source: Path, pages: dict[Path, str]) -> str:
    """Return a document's link as it must be on the site.

    Raises:
        DeadLinkError: there is no such file.
    """
    if re.match(r"[a-z]+:|#", link):
        return link
    path, hash_sign, anchor = link.partition("#")
    target = Path(os.path.normpath(source.parent / path))
    if not target.exists():
        raise DeadLinkError(f"{source.relative_to(ROOT)}: there is no {link}")
    page = pages.get(target) or pages.get(target / "README.md")
    if page is None:
        kind = "tree" if target.is_dir() else "blob"
        return f"{REPOSITORY}/{kind}/main/{quote(target.relative_to(ROOT).as_posix())}"
    here = PurePosixPath(pages[source]).parent
    return os.path.relpath(page, here).replace(os.sep, "/") + hash_sign + anchor


def draw_as_text(flowchart: re.Match[str]) -> str:
    """Return a Mermaid diagram as lines with arrows: its script would come from elsewhere."""
    texts: dict[str, str] = {}
    lines = [ARROW.split(line.strip()) for line in flowchart[1].splitlines()]
    for node in (node for line in lines for node in line[::2]):
        for shape in SHAPES:
            if match := shape.fullmatch(node):
                texts[match[1]], texts[node] = match[2], match[2]
                break
    drawn = []
    for line in lines:
        line[::2] = [texts.get(node, node) for node in line[::2]]
        line[1::2] = [f" → ({text}) → " if text else " → " for text in line[1::2]]
        drawn.append("".join(line) + "\n")
    return "```text\n" + "".join(drawn) + "```"


def convert(source: Path, pages: dict[Path, str]) -> str:
    """Return a document as a page: links resolved, without badges, which others would serve."""
    text = MERMAID.sub(draw_as_text, BADGE.sub("", source.read_text(encoding="utf-8")))
    text = text.replace("```promql\n", "```text\n")  # Pygments knows no recording rule's colons
    parts = FENCED.split(text)
    for i in range(0, len(parts), 2):
        parts[i] = LINK.sub(lambda link: resolve(link[1], source, pages), parts[i])
    return "".join(parts)


def contents_of(page: str, others: list[str]) -> str:
    """Return the tables of contents of a page, which fill the sidebar.

    Args:
        page: its name on the site.
        others: pages of the first level that no table names; they are of the template.
    """
    text = ""
    for caption, entries in CONTENTS.get(page, {}).items():
        rest = others if caption == "The template" else []
        option = caption and f":caption: {caption}"
        lines = ["", "```{toctree}", ":hidden:", ":glob:", option, "", *entries, *rest, "```", ""]
        text += "\n".join(lines)
    return text


def write_pages(folder: Path) -> None:
    """Write every page, and what it shows, into a folder.

    Raises:
        DeadLinkError: documents name files that do not exist; all of them are listed.
    """
    pages = find_pages()
    texts = reference_pages(LIBRARY / "src") | {"library/runbooks/index.md": RUNBOOKS}
    dead = []
    for source, name in pages.items():
        if source.suffix == ".md":
            try:
                texts[name] = convert(source, pages)
            except DeadLinkError as error:
                dead.append(str(error))
        elif source.is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, folder / name)
    if dead:
        raise DeadLinkError("\n".join(dead))
    named = {entry for entries in CONTENTS["index.md"].values() for entry in entries}
    first_level = {name.removesuffix(".md") for name in texts if "/" not in name}
    others = sorted(first_level - named - {"index"})
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text + contents_of(name, others), encoding="utf-8")


def main(site: str) -> int:
    """Build the site into a folder; return the exit code."""
    with tempfile.TemporaryDirectory() as temporary:
        pages, doctrees = Path(temporary) / "pages", Path(temporary) / "doctrees"
        pages.mkdir()
        try:
            write_pages(pages)
        except DeadLinkError as error:
            print(error, file=sys.stderr)
            return 1
        options = ["--quiet", "--fail-on-warning", "--nitpicky", "--conf-dir", str(ROOT / "docs")]
        code = build_main([*options, "--doctree-dir", str(doctrees), str(pages), site])
    correct_pages(Path(site))
    return code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
