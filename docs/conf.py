"""How Sphinx renders the pages that docs/build_site.py lays out."""

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

# The type and the accents of the service's page and report.
FONTS = {"font-stack": "system-ui, sans-serif", "font-stack--monospace": "ui-monospace, monospace"}
LIGHT, DARK = "#1f5fbf", "#6ea8fe"


def accents(colour: str) -> dict[str, str]:
    """Return the theme's variables with a colour for links and for the open page."""
    return {
        "color-brand-primary": colour,
        "color-brand-content": colour,
        "color-brand-visited": colour,
    }


html_theme_options = {
    "light_css_variables": FONTS | accents(LIGHT),
    "dark_css_variables": accents(DARK),
}


def set_language(
    _app: Sphinx, page: str, _template: str, context: dict[str, object], _tree: object
) -> None:
    """Name a page's language for screen readers and translators."""
    context["language"] = "pt-BR" if page.startswith("pt-BR/") else "en"


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the handler."""
    app.connect("html-page-context", set_language)
    return {"parallel_read_safe": True}
