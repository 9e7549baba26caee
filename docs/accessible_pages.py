"""Correct what axe-core's rules find in the HTML of Sphinx and of its theme."""

import re
from pathlib import Path

CELL = r'<th class="head[^"]*"><p></p></th>\s*'
HEADLESS = re.compile(rf'<thead>\s*<tr class="row-odd">(?:{CELL})+</tr>\s*</thead>\s*')
CORNER = re.compile(CELL)
SCROLLED = re.compile(r'<(pre|div class="table-wrapper[^"]*")>')
CORRECTED = {
    'role="heading"': 'role="heading" aria-level="2"',
    '<aside class="sidebar-drawer"': '<aside aria-label="Site" class="sidebar-drawer"',
    '<div id="search-results">': '<h1>Search</h1>\n<div id="search-results">',
}


def make_accessible(html: str) -> str:
    """Return a page with texts in its headers, and with scrolled parts that Tab reaches."""
    html = CORNER.sub("<td></td>", HEADLESS.sub("", html))
    html = SCROLLED.sub(r'<\1 tabindex="0">', html)
    for written, corrected in CORRECTED.items():
        html = html.replace(written, corrected)
    return html


def correct_pages(site: Path) -> None:
    """Rewrite every page of a built site."""
    for path in site.rglob("*.html"):
        path.write_text(make_accessible(path.read_text(encoding="utf-8")), encoding="utf-8")
