"""The report of the monitoring job: one page that needs nothing from elsewhere."""

import html
from importlib.resources import files
from string import Template

from ...artifact import Manifest
from ..findings import MonitoringResult
from .fairness import fairness
from .fields import overview, pictures
from .headline import headline
from .labels import labels
from .markup import facts, paragraph, section, sentence, text
from .outcomes import calibration, expected, performance
from .read import what_was_read
from .wording import clip, count, moment, plural


def draw(findings: MonitoringResult, manifest: Manifest) -> str:
    """Return the report as a page of HTML.

    Args:
        findings: what the job has found.
        manifest: of the model that it has looked at.
    """
    template = Template(files(__package__).joinpath("page.html").read_text(encoding="utf-8"))
    return template.substitute(
        title=title(findings),
        model=text(findings.model),
        version=text(findings.version),
        made=moment(findings.made),
        headline=headline(findings),
        read=what_was_read(findings),
        overview=overview(findings),
        inputs=section("inputs", "Inputs, one by one", pictures(findings, "input", manifest)),
        outputs=section("outputs", "Predictions", pictures(findings, "output", manifest)),
        performance=performance(findings),
        labels=labels(findings),
        calibration=calibration(findings),
        expected=expected(findings),
        fairness=fairness(findings),
        about=about(findings, manifest),
    )


def title(findings: MonitoringResult) -> str:
    """Return what the browser's tab says: the verdict before all else."""
    found = len(findings.violations)
    verdict = f"{found} breached" if found else "nothing breached"
    return html.escape(f"{verdict}: {clip(findings.model, 60)} {clip(findings.version, 30)}")


def about(findings: MonitoringResult, manifest: Manifest) -> str:
    """Return which model this is, and what it was made of."""
    data = manifest.data
    age = (findings.made - manifest.created).days
    pairs = [
        ("Model", text(findings.model)),
        ("Version", text(findings.version)),
        ("Task", findings.task),
        ("ExportedModel", moment(manifest.created)),
        ("Age", plural(age, "day")),
        ("Data", text(data.source)),
        ("Rows to train on", count(data.training_rows)),
        ("Rows held back", count(data.test_rows)),
        ("Commit", text((manifest.git_commit or "none")[:12])),
    ]
    description = paragraph(sentence(manifest.description))
    return section("model", "The model", description, facts(pairs))
