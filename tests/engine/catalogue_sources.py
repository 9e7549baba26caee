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
from modelserve.monitoring.ingest.bodies import UNSTATED
from modelserve.monitoring.lines import GONE
from modelserve.monitoring.report.names import COMPUTED
from modelserve.monitoring.report.page import make_environment
from modelserve.monitoring.report.time_plots import STEPS
from modelserve.monitoring.report.wording import catalogue_key
from modelserve.monitoring.results.drift import MAY_BE_CHANCE, Verdict
from modelserve.monitoring.results.fairness import Measure
from modelserve.serving import playground

from tests.engine.families import FOLDER, LIBRARY
from tests.engine.sentences import blank, spellings

MONITORING = LIBRARY / "src" / "modelserve" / "monitoring"
REPORT = MONITORING / "report"
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
    "{value} is below the threshold {threshold}, but training measured its {training} on {rows} "
    "rows, too few to tell a fall from chance",
)

LINE_READERS = (
    *("lines.py", "truth_lines.py", "classifier/outcomes.py", "regressor/outcomes.py"),
    *("ingest/batches.py", "ingest/bodies.py", "ingest/records.py"),
)
# What may be wrong with a line of captures or of ground truth.
LINE_ERRORS = (
    GONE,
    *("is not JSON: {error}", "is damaged: {error}", "is cut off", "has no '{name}'"),
    *("does not have the expected form", "holds more than one JSON value"),
    *("holds neither an input nor an output", "has a body of an unknown encoding"),
    *("has a request of an unknown format", "has CSV with other than {width} values a row"),
    *("has a tensor with other than {width} values a row", "is not CSV: {error}"),
    *("holds rows that are not objects", "has a time outside the years 1 to 9999"),
    *("has a row that is not an index from 0", "has a truth that is neither text nor number"),
    *("has a truth without a label", "has a truth that is not finite"),
    "has {rows} rows in the request and {count} predictions in the response",
)


def page_sentences() -> set[str]:
    """Return the sentences of the page for trying the model: of its HTML, and of its scripts."""
    return {*playground.html_sentences(), *playground.script_sentences(), *_metrics()}


def report_sentences() -> set[str]:
    """Return the sentences of the monitoring report: of templates and code, and names in it."""
    names = {*Verdict, MAY_BE_CHANCE, MISSING, UNSEEN, "classifier", "regressor", *STEPS.values()}
    names.add("degraded share")  # a violation's name; other violations are fields, metrics or gaps
    names |= {each.replace("_", " ").capitalize() for each in get_args(Measure)}
    names |= {each.replace("_", " ") for each in (*COMPUTED, *production_metrics())}
    names.add(UNSTATED)  # in the place of a version
    names |= line_errors()
    code = {each for path in REPORT.glob("*.py") for each in _in_code(path)}
    templates = (REPORT / "templates").glob("*.html")
    written = {each for path in templates for each in _in_template(path)}
    return {*map(str, names), *_metrics(), *RUNBOOKS, *DESCRIPTIONS, *code, *written}


def production_metrics() -> set[str]:
    """Return the names of the metrics of production, of which training may not have all."""
    paths = MONITORING.glob("*/performance.py")
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in paths]
    return {name for tree in trees for node in ast.walk(tree) for name in _metric_names(node)}


def line_errors() -> set[str]:
    """Return what may be wrong with a line of captures or of ground truth."""
    known = {each: blank(each) for each in LINE_ERRORS}
    raised = {sentence for path in LINE_READERS for sentence in _raised(MONITORING / path)}
    unknown = raised - {*known.values()}
    assert not unknown, f"LINE_ERRORS lacks: {sorted(unknown)}"
    return {*known}


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


def _metric_names(node: ast.AST) -> Iterator[str]:
    """Yield what a node names: the metric of a call, or the keys of `values`."""
    names: list[ast.expr | None] = []
    match node:
        case ast.Call(func=ast.Name(id="Metric"), args=[name, *_]):
            names = [name]
        case ast.Assign(targets=[ast.Name(id="values")], value=ast.Dict(keys=keys)):
            names = keys
        case ast.Subscript(value=ast.Name(id="values"), slice=name, ctx=ast.Store()):
            names = [name]
    yield from (str(each.value) for each in names if isinstance(each, ast.Constant))


def _raised(path: Path) -> Iterator[str]:
    """Yield the texts of the errors that a module raises for a line, with {} for each value."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        match node:
            case ast.Raise(exc=ast.Call(func=ast.Name(id="ValueError"), args=[text])):
                yield from spellings(text, [tree])


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
