"""The HTML page for trying the model, rendered from the manifest and the files in page/."""

import html
import re
from importlib.resources import files
from string import Template
from typing import Any

from pydantic_core import to_json

from ..artifact import BACKGROUND
from ..manifest import Manifest
from ..settings import Settings
from ..translation import ENGLISH, Catalogue

# The page loads nothing from other origins, and the policy forbids it.
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
        "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )
}
# In this order.
SCRIPTS = ("sentences.js", "values.js", "csv.js", "form.js", "explanation.js", "file.js")
STYLES = ("../../design.css", "page.css")
IN_HTML = re.compile(r'_\("([^"]*)"\)')
IN_SCRIPTS = re.compile(r'\b_\("([^"]*)"|\bplural\([^"]*"([^"]*)", "([^"]*)"')


def draw(
    manifest: Manifest,
    fields: list[dict[str, Any]],
    settings: Settings,
    *,
    key_required: bool,
    catalogue: Catalogue = ENGLISH,
) -> str:
    """Return the page's HTML.

    Args:
        manifest: the model's name and metrics.
        fields: of one input row, each with its name, dtype, range and example.
        settings: the route where rows are sent, and how many in one request.
        key_required: show a field for the key.
        catalogue: of the page's language.
    """
    interval = manifest.output_bounds.interval
    facts = {
        "fields": fields,
        "route": settings.predict_route.lstrip("/"),  # relative: a proxy may put a prefix before it
        "keyRequired": key_required,
        "explains": manifest.modality == "text" or BACKGROUND in manifest.files,
        "positive": manifest.positive,
        "threshold": manifest.threshold,
        "coverage": interval.coverage if interval else None,
        "maxRows": settings.max_rows,
        "maxBodyBytes": settings.max_body_bytes,
        "dialect": manifest.data.dialect.model_dump(),
        "language": catalogue.locale,
        "sentences": {
            each: catalogue.sentences[each]
            for each in script_sentences()
            if each in catalogue.sentences
        },
    }
    page = IN_HTML.sub(lambda match: _translate(match[1], catalogue), _read("page.html"))
    return Template(page).substitute(
        language=catalogue.locale,
        name=html.escape(manifest.name),
        version=html.escape(manifest.version),
        description=html.escape(catalogue.message(manifest.description)),  # the samples'
        metrics="".join(
            f"<li><b>{_number(value, catalogue)}</b> "
            f"{html.escape(catalogue.message(name.replace('_', ' ')))}</li>"
            for name, value in manifest.metrics.items()
        ),
        style="".join(map(_read, STYLES)),
        script="\n".join(map(_read, SCRIPTS)),
        # In a script, only "<" could end the data early.
        facts=to_json(facts).decode().replace("<", "\\u003c"),
    )


def html_sentences() -> list[str]:
    """Return the English sentences of page.html."""
    return [" ".join(each.split()) for each in IN_HTML.findall(_read("page.html"))]


def script_sentences() -> list[str]:
    """Return the English sentences of the scripts, which translate them in the browser."""
    found = IN_SCRIPTS.findall("\n".join(map(_read, SCRIPTS)))
    return list(dict.fromkeys(each for groups in found for each in groups if each))


def _translate(marked: str, catalogue: Catalogue) -> str:
    translation = catalogue.sentences.get(" ".join(marked.split()), marked)
    return html.escape(translation).replace("$", "$$")


def _number(value: float, catalogue: Catalogue) -> str:
    numeral = f"{value:,.0f}" if 999.5 <= abs(value) < 1e15 else f"{value:.3g}"
    return catalogue.numeral(numeral)


def _read(name: str) -> str:
    return files(__package__).joinpath("page", name).read_text(encoding="utf-8")
