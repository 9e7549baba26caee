"""Renders the report: one self-contained page of HTML, from the templates beside this file."""

from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined

from ...manifest import Manifest
from ...translation import ENGLISH, UNKNOWN, Catalogue
from .. import runbooks
from ..results.drift import Verdict, share
from ..results.result import MonitoringResult
from .confusion import make_confusion
from .drawing import coordinate
from .fields import make_fields
from .headline import make_headline
from .names import translate_names
from .reliability import make_calibration
from .time_plots import make_time_plots
from .wording import Wording, clip

SHOWN = 8  # violations of one runbook that are not folded
MARKS = {
    Verdict.VIOLATION: "▲",
    Verdict.OK: "✓",
    Verdict.TOO_FEW: "…",
    Verdict.UNREAD: "∅",
    Verdict.INFORMATIVE: "·",
}
FILTERS = (  # methods of the wording
    *("change", "decimals", "figure", "interval", "message", "moment", "p_value", "percent"),
    *("plural", "thousands"),
)


@cache
def make_environment(catalogue: Catalogue = ENGLISH) -> Environment:
    """Return the templates' environment: every value is escaped, an undefined one is an error."""
    wording = Wording(catalogue)
    environment = Environment(
        loader=PackageLoader(__package__),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    # pylint: disable-next=no-member
    environment.install_gettext_callables(  # type: ignore[attr-defined]
        wording.gettext, wording.ngettext, newstyle=True
    )
    environment.filters |= {name: getattr(wording, name) for name in FILTERS}
    environment.filters |= {"clip": clip, "coordinate": coordinate}
    design = files("modelserve").joinpath("design.css").read_text(encoding="utf-8")
    environment.globals |= {
        "dash": UNKNOWN,
        "design": design,
        "locale": catalogue.locale,
        "marks": MARKS,
        "runbook_folder": runbooks.FOLDER,
        "shown": SHOWN,
    }
    return environment


def render(
    result: MonitoringResult,
    manifest: Manifest,
    *,
    runbook_address: str = runbooks.FOLDER,
    catalogue: Catalogue = ENGLISH,
) -> str:
    """Return the report as a page of HTML; a section without content is left out.

    Args:
        result: the comparison.
        manifest: of the model.
        runbook_address: of the runbooks' folder, from where the page is.
        catalogue: of the page's language; the result itself stays English.
    """
    wording = Wording(catalogue)
    result = translate_names(result, manifest, wording)
    kinds = {each.kind for each in result.fields if each.rows}
    return (
        make_environment(catalogue)
        .get_template("page.html")
        .render(
            result=result,
            manifest=manifest,
            headline=make_headline(result, wording),
            fields=make_fields(result, manifest, wording),
            confusion=make_confusion(result.performance, wording),
            calibration=make_calibration(result, wording),
            time_plots=make_time_plots(result, wording),
            kinds=kinds,
            runbook_address=runbook_address,
            degraded_share=share(result.captures.degraded, result.window.rows),
            age_days=(result.created - manifest.created).days,
        )
    )
