"""The HTML page for trying the model, rendered from the manifest and the files in page/."""

import html
from importlib.resources import files
from string import Template
from typing import Any

from pydantic_core import to_json

from ..artifact import BACKGROUND
from ..manifest import Manifest
from ..settings import Settings

# The page loads nothing from other origins, and the policy forbids it.
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
        "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )
}
SCRIPTS = ("values.js", "csv.js", "form.js", "explanation.js", "file.js")  # in this order


def draw(
    manifest: Manifest,
    fields: list[dict[str, Any]],
    settings: Settings,
    *,
    key_required: bool,
) -> str:
    """Return the page's HTML.

    Args:
        manifest: the model's name and metrics.
        fields: of one input row, each with its name, dtype, range and example.
        settings: the route where rows are sent, and how many in one request.
        key_required: show a field for the key.
    """
    interval = manifest.output_bounds.interval
    facts = {
        "fields": fields,
        "route": settings.predict_route.lstrip("/"),  # relative: a proxy may put a prefix before it
        "keyRequired": key_required,
        "explains": manifest.modality == "text" or BACKGROUND in manifest.files,
        "coverage": interval.coverage if interval else None,
        "maxRows": settings.max_rows,
        "maxBodyBytes": settings.max_body_bytes,
        "dialect": manifest.data.dialect.model_dump(),
    }
    return Template(_read("page.html")).substitute(
        name=html.escape(manifest.name),
        version=html.escape(manifest.version),
        description=html.escape(manifest.description),
        metrics="".join(
            f"<li><b>{value:.3g}</b> {html.escape(name.replace('_', ' '))}</li>"
            for name, value in manifest.metrics.items()
        ),
        style=_read("page.css"),
        script="\n".join(map(_read, SCRIPTS)),
        # In a script, only "<" could end the data early.
        facts=to_json(facts).decode().replace("<", "\\u003c"),
    )


def _read(name: str) -> str:
    return files(__package__).joinpath("page", name).read_text(encoding="utf-8")
