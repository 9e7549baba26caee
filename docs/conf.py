"""How Sphinx renders the pages that docs/build_site.py lays out."""

import re
from pathlib import Path

from sphinx.application import Sphinx

project = "Model service template"
extensions = ["myst_parser"]
myst_heading_anchors = 4  # links name headings as on GitHub
highlight_language = "text"
# A block that a lexer does not know whole, as `curl -d '{` over two lines, is still shown right.
suppress_warnings = ["misc.highlighting_failure"]

html_theme = "furo"
html_title = project
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_show_copyright = False

html_static_path = ["site.css"]
html_css_files = ["site.css"]

LIBRARY = Path(__file__).parents[1] / "{{cookiecutter.project_slug}}" / "vendor" / "modelserve"
DESIGN = LIBRARY / "src" / "modelserve" / "design.css"  # of the service's page and of the report
OF_THEME = {
    "font-stack": "font",
    "font-stack--monospace": "mono",
    "font-size--small": "small",
    "color-foreground-primary": "ink",
    "color-foreground-secondary": "soft",
    "color-foreground-muted": "soft",
    "color-foreground-border": "rim",
    "color-background-primary": "card",
    "color-background-secondary": "back",
    "color-background-hover": "pale",
    "color-background-border": "line",
    "color-code-background": "back",
    "color-brand-primary": "accent",
    "color-brand-content": "accent",
    "color-brand-visited": "accent",
    "title": "title",  # from here on, for site.css
    "large": "large",
    "round": "round",
}


def theme_variables(block: str) -> dict[str, str]:
    """Return the theme's variables with the values that a block of the design sets."""
    design = dict(re.findall(r"--([\w-]+):\s*([^;]+);", block))
    return {name: design[variable] for name, variable in OF_THEME.items() if variable in design}


# The first block is the light one with everything, the second the dark one with its colours.
LIGHT, DARK = re.findall(r":root {(.*?)}", DESIGN.read_text(encoding="utf-8"), re.S)[:2]
html_theme_options = {
    "light_css_variables": theme_variables(LIGHT),
    "dark_css_variables": theme_variables(DARK),
}


def set_language(
    _app: Sphinx, page: str, _template: str, context: dict[str, object], _tree: object
) -> None:
    """Name a page's language for screen readers and translators; keep its neighbours to it."""
    context["language"] = "pt-BR" if page.startswith("pt-BR/") else "en"
    if page == "changelog":
        context["next"] = None
    elif page == "pt-BR/index":
        context["prev"] = None


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the handler."""
    app.connect("html-page-context", set_language)
    return {"parallel_read_safe": True}
