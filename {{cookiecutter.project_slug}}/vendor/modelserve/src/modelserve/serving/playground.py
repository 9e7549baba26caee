"""The HTML page for trying the model, rendered from the manifest."""

import html
from importlib.resources import files
from string import Template
from typing import Any

from pydantic_core import to_json

from ..manifest import Manifest

# The page loads nothing from other origins, and the policy forbids it.
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
        "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )
}


def draw(
    manifest: Manifest, fields: list[dict[str, Any]], *, predict_route: str, key_required: bool
) -> str:
    """Return the page's HTML.

    Args:
        manifest: the model's name and metrics.
        fields: of one input row, each with its name, dtype, range and example.
        predict_route: where the form's rows are sent.
        key_required: show a field for the key.
    """
    template = Template(files(__package__).joinpath("playground.html").read_text(encoding="utf-8"))
    interval = manifest.output_bounds.interval
    facts = {
        "fields": fields,
        "route": predict_route.lstrip("/"),  # relative: a proxy may put a prefix before it
        "keyRequired": key_required,
        "coverage": interval.coverage if interval else None,
    }
    return template.substitute(
        name=html.escape(manifest.name),
        version=html.escape(manifest.version),
        description=html.escape(manifest.description),
        metrics="".join(
            f"<li><b>{value:.3g}</b> {html.escape(name.replace('_', ' '))}</li>"
            for name, value in manifest.metrics.items()
        ),
        # In a script, only "<" could end the data early.
        facts=to_json(facts).decode().replace("<", "\\u003c"),
    )
