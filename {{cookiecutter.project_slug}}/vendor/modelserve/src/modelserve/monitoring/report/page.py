"""Renders the report: one self-contained page of HTML, from the templates beside this file."""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from ...manifest import Manifest
from .. import runbooks
from ..results.drift import Verdict, share
from ..results.result import MonitoringResult
from . import wording
from .confusion import make_confusion
from .drawing import coordinate
from .fields import make_fields
from .headline import make_headline
from .reliability import make_calibration
from .time_plots import make_time_plots

SHOWN = 8  # violations of one runbook that are not folded
MARKS = {
    Verdict.VIOLATION: "▲",
    Verdict.OK: "✓",
    Verdict.TOO_FEW: "…",
    Verdict.UNREAD: "∅",
    Verdict.INFORMATIVE: "·",
}
FILTERS = {
    "change": wording.change,
    "clip": wording.clip,
    "coordinate": coordinate,
    "decimals": wording.decimals,
    "figure": wording.figure,
    "interval": wording.interval,
    "moment": wording.moment,
    "p_value": wording.p_value,
    "percent": wording.percent,
    "plural": wording.plural,
    "thousands": wording.thousands,
}


@cache
def make_environment() -> Environment:
    """Return the templates' environment: every value is escaped, an undefined one is an error."""
    environment = Environment(
        loader=PackageLoader(__package__),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= FILTERS
    environment.globals |= {
        "dash": wording.UNKNOWN,
        "marks": MARKS,
        "runbook_folder": runbooks.FOLDER,
        "shown": SHOWN,
    }
    return environment


def render(
    result: MonitoringResult, manifest: Manifest, *, runbook_address: str = runbooks.FOLDER
) -> str:
    """Return the report as a page of HTML; a section without content is left out.

    Args:
        result: the comparison.
        manifest: of the model.
        runbook_address: of the runbooks' folder, from where the page is.
    """
    kinds = {each.kind for each in result.fields if each.rows}
    return (
        make_environment()
        .get_template("page.html")
        .render(
            result=result,
            manifest=manifest,
            headline=make_headline(result),
            fields=make_fields(result, manifest),
            confusion=make_confusion(result.performance),
            calibration=make_calibration(result),
            time_plots=make_time_plots(result),
            kinds=kinds,
            runbook_address=runbook_address,
            degraded_share=share(result.captures.degraded, result.window.rows),
            age_days=(result.created - manifest.created).days,
        )
    )
