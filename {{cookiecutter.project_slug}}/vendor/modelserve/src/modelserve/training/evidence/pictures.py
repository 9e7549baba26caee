"""Draw the evidence about a model: calibration or residuals, slices, and confusions."""

from collections.abc import Iterator

from .calibration import LabelCalibration, ValueCalibration
from .drawing import WIDTH, box, disc, line, shorten, svg, text
from .evaluation import ConfusionMatrix, Evidence
from .slices import SliceTable

CALIBRATION, RESIDUALS = "calibration.svg", "residuals.svg"
SLICES, CONFUSION = "slices.svg", "confusion.svg"
SHOWN = 12  # slices
MAX_LABELS = 12  # of a confusion matrix that is drawn
LONGEST = 44  # characters of a name


def draw_evidence(evidence: Evidence) -> dict[str, bytes]:
    """Return the pictures by the names of their files: the same bytes for the same evidence."""
    pictures: dict[str, bytes] = {}
    if isinstance(evidence.calibration, LabelCalibration):
        pictures[CALIBRATION] = draw_calibration(evidence.calibration)
    else:
        pictures[RESIDUALS] = draw_residuals(evidence.calibration)
    if evidence.slices.slices:
        pictures[SLICES] = draw_slices(evidence.slices)
    if evidence.confusion and len(evidence.confusion.labels) <= MAX_LABELS:
        pictures[CONFUSION] = draw_confusion(evidence.confusion)
    return pictures


def draw_calibration(calibration: LabelCalibration) -> bytes:
    """Return the reliability diagram: accuracy over confidence, with intervals."""
    left, top, side = 60.0, 20.0, 300.0
    shapes = [
        line(left, top + side, left + side, top + side),
        line(left, top, left, top + side),
        line(left, top + side, left + side, top, "guide"),
        text("confidence", left + side / 2, top + side + 36, "middle"),
        text("accuracy", 8, top - 6),
        text("The dashed line is perfect calibration;", left + side + 24, top + 40, "note"),
        text("a bar is a 95 % interval.", left + side + 24, top + 58, "note"),
    ]
    for tick in (0.0, 0.5, 1.0):
        shapes.append(text(f"{tick:g}", left + tick * side, top + side + 18, "middle"))
        shapes.append(text(f"{tick:g}", left - 8, top + (1 - tick) * side + 4, "end"))
    for each in calibration.bins:
        x = left + each.confidence * side
        ends = (top + (1 - share) * side for share in (each.accuracy_low, each.accuracy_high))
        low, high = ends
        shapes.append(line(x, low, x, high, "mark"))
        shapes.append(disc(x, top + (1 - each.accuracy) * side, 4))
    described = "; ".join(
        f"confidence {each.confidence:.2f}: accuracy {each.accuracy:.2f} of {each.rows} rows"
        for each in calibration.bins
    )
    error = f"Expected calibration error {calibration.expected_calibration_error:.3g}."
    return svg("Calibration on the test rows", f"{error} {described}.", top + side + 50, shapes)


def draw_residuals(calibration: ValueCalibration) -> bytes:
    """Return the residuals by the size of the answer: quantiles of truth minus answer."""
    left, width, top, step = 230.0, 380.0, 40.0, 36.0
    quantiles = [value for each in calibration.bins for value in each.quantiles]
    low, high = min(0.0, *quantiles), max(0.0, *quantiles)

    def place(value: float) -> float:
        # Halves, so that the difference of huge values stays finite.
        reach = (high / 2 - low / 2) or 1.0
        return left + (value / 2 - low / 2) / reach * width

    height = top + step * len(calibration.bins) + 40
    shapes = [
        text("answers", 16, 24, "note"),
        text("truth minus answer: 5 %, 25 %, 50 %, 75 % and 95 %", left, 24, "note"),
        line(place(0), top - 8, place(0), height - 30, "guide"),
        text(f"{low:.4g}", left, height - 10, "middle"),
        text(f"{high:.4g}", left + width, height - 10, "middle"),
    ]
    for row, each in enumerate(calibration.bins):
        y = top + step * row + step / 2
        outer, lower, middle, upper, end = map(place, each.quantiles)
        shapes += [
            text(f"{each.low:.4g} to {each.high:.4g}", 16, y + 4),
            line(outer, y, end, y, "mark"),
            box(lower, y - 8, max(upper - lower, 1.0), 16, "light"),
            line(middle, y - 8, middle, y + 8, "mark"),
        ]
    described = "; ".join(
        f"answers {each.low:.4g} to {each.high:.4g}: median {each.quantiles[2]:.4g}, half between "
        f"{each.quantiles[1]:.4g} and {each.quantiles[3]:.4g}"
        for each in calibration.bins
    )
    return svg("Residuals on the test rows", f"Truth minus answer. {described}.", height, shapes)


def draw_slices(table: SliceTable) -> bytes:
    """Return the worst slices: the metric of each with its interval, and that of all rows."""
    shown = table.slices[:SHOWN]
    highest = 1.0 if table.metric == "accuracy" else max(each.metric for each in shown) * 1.5
    left, width, top, step = 335.0, 215.0, 40.0, 26.0
    height = top + step * len(shown) + 16

    def place(value: float) -> float:
        return left + min(value / (highest or 1.0), 1.0) * width

    shapes = [
        text(f"{table.metric}, the worst first; a line is a 95 % interval", 16, 20, "note"),
        line(left, top - 8, left, height - 8),
        line(place(table.whole), top - 8, place(table.whole), height - 8, "guide"),
    ]
    for row, each in enumerate(shown):
        y = top + step * row + step / 2
        kind = "bad" if each.differs else "mark"
        shapes += [
            text(shorten(f"{each.field}: {each.value}", LONGEST), left - 12, y + 4, "end"),
            line(place(each.low), y, place(each.high), y, kind),
            disc(place(each.metric), y, 4, kind),
            text(f"{each.metric:.3g}", WIDTH - 82, y + 4),
            text(f"{each.rows}", WIDTH - 16, y + 4, "end note"),
        ]
    described = "; ".join(
        f"{shorten(each.field, LONGEST)} {shorten(each.value, LONGEST)}: {each.metric:.3g} of "
        f"{each.rows} rows"
        for each in shown
    )
    whole = f"{table.metric} of all rows: {table.whole:.3g}."
    return svg("The worst slices of the test rows", f"{whole} {described}.", height, shapes)


def draw_confusion(matrix: ConfusionMatrix) -> bytes:
    """Return the confusion matrix: a row for each label, a column for each answer."""
    n = len(matrix.labels)
    left, top, cell = 170.0, 60.0, min(56.0, 440.0 / n)
    shapes = [
        text("label", 16, top - 10, "note"),
        text("answer", left, 20, "note"),
        *_cells(matrix, left, top, cell),
    ]
    wrong = [
        f"{shorten(label, LONGEST)} answered as {shorten(answer, LONGEST)}: {count}"
        for i, (label, row) in enumerate(zip(matrix.labels, matrix.rows, strict=True))
        for j, (answer, count) in enumerate(zip(matrix.labels, row, strict=True))
        if i != j and count
    ]
    described = "; ".join(wrong) or "every answer is right"
    title = "Labels and answers of the test rows"
    return svg(title, f"{described}.", top + cell * n + 20, shapes)


def _cells(matrix: ConfusionMatrix, left: float, top: float, cell: float) -> Iterator[str]:
    letters = max(int(cell / 8), 3)
    for i, (label, row) in enumerate(zip(matrix.labels, matrix.rows, strict=True)):
        y = top + cell * i
        yield text(shorten(label, 18), left - 12, y + cell / 2 + 4, "end")
        yield text(shorten(label, letters), left + cell * (i + 0.5), top - 10, "middle")
        for j, count in enumerate(row):
            x = left + cell * j
            share = count / (sum(row) or 1)
            colour = "light" if i == j else "bad"
            yield f'<g fill-opacity="{share:.2f}">{box(x, y, cell - 2, cell - 2, colour)}</g>'
            yield text(str(count), x + cell / 2, y + cell / 2 + 4, "middle")
