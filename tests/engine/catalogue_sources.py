"""Every English sentence that the catalogues of modelserve/locales/ translate, by its source."""

import ast
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import get_args

from modelserve.bins import MISSING, UNSEEN
from modelserve.export.web import script_sentences
from modelserve.metric_table import METRICS
from modelserve.monitoring.report.page import make_environment
from modelserve.monitoring.report.time_plots import STEPS
from modelserve.monitoring.report.wording import catalogue_key
from modelserve.monitoring.results.drift import MAY_BE_CHANCE, Verdict
from modelserve.monitoring.results.fairness import Measure
from modelserve.serving import playground

from tests.engine.families import FOLDER, LIBRARY

REPORT = LIBRARY / "src" / "modelserve" / "monitoring" / "report"
RUNBOOKS = (
    *("Input drift", "Prediction drift", "Model degraded", "Confidence dropped"),
    *("Quality below floor", "Fairness gap"),
)
PLURAL_FILTER = re.compile(r'\| plural\("(\w+)"\)')
# What monitoring/violations.py and monitoring/uncertain.py say of a figure.
DESCRIPTIONS = (
    "PSI {psi} over {rows} rows; the threshold is {threshold}, and the critical value beside "
    "{reference} reference rows is {critical}",
    "the fallback answered {degraded} of {rows} rows, {share}; the threshold is {threshold}",
    "the fallback answered {degraded} of {rows} rows, {share}; the threshold is {threshold}, "
    "which may be chance",
    "{value} over {rows} rows; it was {training} in training, and the threshold is {threshold}",
    "{value} over {rows} rows with a ground truth; it was {training} in training, and the "
    "threshold is {threshold}",
    "{value} ({low} to {high}) over {rows} rows with a ground truth; it was {training} in "
    "training, and the threshold is {threshold}",
    "{value} ({low} to {high}) over {rows} rows of the label; it was {training} in training, and "
    "the threshold is {threshold}",
    "{value} between {worst} and {best}; the threshold is {threshold}",
    "{value} for label {label} between {worst} and {best}; the threshold is {threshold}",
    "PSI {psi} is over the threshold {threshold}, but chance explains up to {critical}",
    "{value} is over the threshold {threshold}, but may be chance",
    "{value} may be chance: the true value lies between {low} and {high}, and the threshold is "
    "{threshold}",
    "{value} is within the threshold {threshold}, but its interval reaches over it: the true value "
    "lies between {low} and {high}",
)


def page_sentences() -> set[str]:
    """Return the sentences of the page for trying the model: of its HTML, and of its scripts."""
    return {*playground.html_sentences(), *playground.script_sentences(), *_metrics()}


def report_sentences() -> set[str]:
    """Return the sentences of the monitoring report: of templates and code, and names in it."""
    names = {*Verdict, MAY_BE_CHANCE, MISSING, UNSEEN, "classifier", "regressor", *STEPS.values()}
    names.add("degraded share")  # a violation's name; other violations are fields, metrics or gaps
    names |= {each.replace("_", " ").capitalize() for each in get_args(Measure)}
    code = {each for path in REPORT.glob("*.py") for each in _in_code(path)}
    templates = (REPORT / "templates").glob("*.html")
    written = {each for path in templates for each in _in_template(path)}
    return {*map(str, names), *_metrics(), *RUNBOOKS, *DESCRIPTIONS, *code, *written}


def sample_sentences() -> list[str]:
    """Return what the samples do, which the page says until the user writes a description."""
    samples = FOLDER.joinpath("_options", "sample").glob("*/config/training.toml")
    return [tomllib.loads(each.read_text(encoding="utf-8"))["description"] for each in samples]


# A catalogue has no other sentences than those of these sources.
SOURCES: list[Callable[[], Iterable[str]]] = [
    page_sentences,
    report_sentences,
    sample_sentences,
    script_sentences,
]


def all_sentences() -> set[str]:
    """Return the sentences of all sources."""
    return {each for sentences in SOURCES for each in sentences()}


def _metrics() -> Iterator[str]:
    return (each.replace("_", " ") for each in METRICS)


def _plural(noun: str) -> tuple[str, str]:
    return noun, f"{noun}s"


def _in_template(path: Path) -> Iterator[str]:
    """Yield the sentences of a template that gettext marks, and the nouns that are counted."""
    text = path.read_text(encoding="utf-8")
    # pylint: disable-next=no-member
    for _, _, message in make_environment().extract_translations(text):  # type: ignore[attr-defined]
        forms = message if isinstance(message, tuple) else (message,)
        yield from (catalogue_key(each) for each in forms if each)
    for noun in PLURAL_FILTER.findall(text):
        yield from _plural(noun)


def _in_code(path: Path) -> Iterator[str]:
    """Yield the sentences that a module hands to `text`, and the nouns to `plural`."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            words = [each.value for each in node.args if isinstance(each, ast.Constant)]
            if name == "text":
                yield from map(str, words)
            if name == "plural":
                yield from (form for noun in words for form in _plural(str(noun)))
