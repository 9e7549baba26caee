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
    '<div class="sidebar-tree">': '<div class="sidebar-tree" lang="en">',
    '"Toggle navigation of Português do Brasil"': '"Mostrar ou ocultar as páginas em português"',
}
ENTRY = re.compile(r"<li (?=[^>]*><a [^>]*>Português do Brasil</a>)")
# Furo has no catalogue, and writes some of its words without asking for a translation.
PORTUGUESE = {
    "Search": "Busca",
    "Index": "Índice",
    "Skip to content": "Ir para o conteúdo",
    "Back to top": "Voltar ao topo",
    "Previous": "Anterior",
    "Next": "Próxima",
    "On this page": "Nesta página",
    "Contents": "Conteúdo",
    "Expand": "Expandir",
    "Made with": "Feito com",
    "Toggle site navigation sidebar": "Mostrar ou ocultar a navegação do site",
    "Toggle table of contents sidebar": "Mostrar ou ocultar o conteúdo da página",
    "Toggle Light / Dark / Auto color theme": "Alternar o tema: claro, escuro ou automático",
    "Light mode": "Tema claro",
    "Dark mode": "Tema escuro",
    "Auto light/dark, in light mode": "Tema automático, agora claro",
    "Auto light/dark, in dark mode": "Tema automático, agora escuro",
}
HEADING_LINK = 'title="Link to this heading"'
WORD = re.compile(
    rf'<article.*?</article>|([">]\s*)({"|".join(map(re.escape, PORTUGUESE))})(?=\s*["<])', re.S
)


def make_accessible(html: str) -> str:
    """Return a page with texts in its headers, and with scrolled parts that Tab reaches."""
    html = CORNER.sub("<td></td>", HEADLESS.sub("", html))
    html = SCROLLED.sub(r'<\1 tabindex="0">', html)
    html = ENTRY.sub('<li lang="pt-BR" ', html)
    for written, corrected in CORRECTED.items():
        html = html.replace(written, corrected)
    return html


def translate_theme(html: str) -> str:
    """Return a page of the site in Portuguese with the words of its theme in Portuguese."""
    html = html.replace(HEADING_LINK, 'title="Link para este título"')
    return WORD.sub(lambda word: word[1] + PORTUGUESE[word[2]] if word[2] else word[0], html)


def correct_pages(site: Path) -> None:
    """Rewrite every page of a built site."""
    for path in site.rglob("*.html"):
        html = make_accessible(path.read_text(encoding="utf-8"))
        if path.parent == site / "pt-BR":
            html = translate_theme(html)
        path.write_text(html, encoding="utf-8")
