"""How well each label is told, and for which others it is taken."""

from collections.abc import Sequence

from ..findings import LabelFigures, MonitoringResult, Performance
from .markup import paragraph, section, table, text
from .outcomes import NO_MATCH, NO_TRUTH
from .wording import count, percent, plural

MANY = 20  # labels of which each pair is still shown


def labels(findings: MonitoringResult) -> str:
    """Return how well each label is told, and for which others it is taken."""
    found = findings.performance
    if findings.task == "regressor":
        return section("labels", "Labels", paragraph("A regressor has no labels.", kind="none"))
    if found is None:
        return section("labels", "Labels", NO_TRUTH)
    if not found.outcomes.counted:
        return section("labels", "Labels", NO_MATCH)
    head = ("Label", "Precision", "Recall", "Predicted", "Actual")
    rows = [_label(each) for each in _telling(found.labels)]
    left_out = len(found.labels) - len(rows)
    return section(
        "labels",
        "Labels",
        table("Each label against all others", head, rows),
        paragraph(f"{plural(left_out, 'label')} with fewer rows left out.") if left_out else "",
        "<h3>Confusion</h3>\n",
        _confusion(found),
    )


def _telling(labels: Sequence[LabelFigures]) -> list[LabelFigures]:
    """Return the labels that the most rows speak of."""
    return sorted(labels, key=lambda each: each.actual, reverse=True)[: 3 * MANY]


def _label(label: LabelFigures) -> list[str]:
    shares = [percent(label.precision), percent(label.recall)]
    return [text(label.label), *shares, count(label.predicted), count(label.actual)]


def _confusion(found: Performance) -> str:
    """Return a table of predicted and actual labels; of many, only the commonest mistakes."""
    names = [each.label for each in found.labels]
    columns = [text(name, longest=40) for name in names]
    columns.append("unknown label")
    known = not any(row[-1] for row in found.confusion)
    if len(names) > MANY:
        return _mistakes(names, found.confusion)
    shown = len(columns) - known
    head = ["Predicted ↓ actual →", *columns[:shown]]
    rows = []
    for i, row in enumerate(found.confusion):
        whole = sum(row) or 1
        cells = [_cell(n, n / whole, right=i == j) for j, n in enumerate(row[:shown])]
        rows.append([columns[i], *cells])
    return table("Rows by predicted and actual label", head, rows)


def _cell(rows: int, part: float, *, right: bool) -> str:
    """Return a count on a ground that is the stronger the larger its part of the line is."""
    kind = "cell right" if right else "cell"
    return f'<span class="{kind}" style="--part:{part:.2f}">{count(rows)}</span>'


def _mistakes(names: Sequence[str], confusion: Sequence[Sequence[int]]) -> str:
    names = [*names, "unknown label"]
    pairs = [
        (n, i, j) for i, row in enumerate(confusion) for j, n in enumerate(row) if n and i != j
    ]
    rows = [
        (text(names[i]), text(names[j]), count(n))
        for n, i, j in sorted(pairs, key=lambda pair: -pair[0])[:MANY]
    ]
    return table("The commonest mistakes", ("Predicted", "Actual", "Rows"), rows, words=(1,))
