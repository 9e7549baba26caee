"""Draw the panels of a dashboard into one picture, by their types, units and thresholds."""

import math
import textwrap
from collections import defaultdict
from datetime import UTC, datetime

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator, MultipleLocator

from docs.dashboard_canvas import FAINT, INK, WIDTH, Canvas, with_unit
from docs.dashboard_queries import Panel, Series

UNIT, HEADER = 34, 58  # px: a row of the grid, the heading
COLUMN = WIDTH / 24
LABEL = "Drawn by docs/draw_dashboards.py from the dashboard's own queries, not by Grafana."
PALETTE = ("#56A64B", "#E0B400", "#3274D9", "#FF780A", "#E02F44", "#8F3BB8", "#37872D", "#8AB8FF")
STEPS_S = (60, 120, 300, 600, 1_800, 3_600, 7_200, 21_600, 86_400)  # between marks of time
NAMED = {"green": "#37872D", "orange": "#FF780A", "red": "#E02F44", "text": "#60656B"}
DASHES = {"solid": "-", "dash": (0, (4, 4)), "dot": (0, (1, 2))}


def threshold_colour(panel: Panel, value: float) -> str:
    """Return the colour of the highest threshold that a value reaches."""
    colour = "text"
    for step in panel.defaults.get("thresholds", {}).get("steps", []):
        if step["value"] is None or value >= step["value"]:
            colour = step["color"]
    return NAMED[colour]


def colours_of(panel: Panel, series: list[Series]) -> list[str]:
    """Return the colour of each series: as the panel fixes it, or the next of the palette."""
    fixed = [panel.option("color", each.ref, each.name) for each in series]
    return [
        NAMED[colour["fixedColor"]] if colour else PALETTE[place % len(PALETTE)]
        for place, colour in enumerate(fixed)
    ]


def clock(at: float) -> str:
    """Write a time as a clock does, in UTC."""
    return f"{datetime.fromtimestamp(at, UTC):%H:%M}"


def draw(title: str, panels: list[Panel], times: tuple[float, float]) -> Canvas:
    """Draw a dashboard over a time; the picture says itself what has drawn it."""
    canvas = Canvas(HEADER + UNIT * max(y + h for _, y, _, h in (panel.at for panel in panels)) + 8)
    canvas.text(12, 20, title, 13, weight="bold")
    canvas.text(12, 42, LABEL, 8.5, color=FAINT)
    span = f"{clock(times[0])} to {clock(times[1])} UTC"
    canvas.text(WIDTH - 12, 20, span, 8.5, ha="right", color=FAINT)
    for panel in panels:
        x, y, width, height = panel.at
        left, top = x * COLUMN + 4, HEADER + y * UNIT + 3
        if panel.kind == "row":
            canvas.text(left + 6, top + UNIT / 2, panel.title, 10, weight="bold")
            continue
        box = (left + 8, top + 26, width * COLUMN - 24, height * UNIT - 38)
        canvas.card(left, top, width * COLUMN - 8, height * UNIT - 6)
        size = min(8, box[2] / len(panel.title) * 1.2)
        canvas.text(left + 8, top + 14, panel.title, size, weight="bold")
        if panel.series:
            axes = DRAW[panel.kind](canvas, panel, box)
            if panel.kind == "timeseries":
                show_times(axes, times)
        else:
            words = textwrap.fill(panel.defaults["noValue"], max(20, int(box[2] / 6.5)))
            middle = (box[0] + box[2] / 2, box[1] + box[3] / 2)
            canvas.text(*middle, words, 7.5, ha="center", color=FAINT)
    return canvas


def show_times(axes: Axes, times: tuple[float, float]) -> None:
    """Give axes the time that the whole dashboard shows, marked at full minutes."""
    span = times[1] - times[0]
    step = next(step for step in STEPS_S if span / step <= 5 or step == STEPS_S[-1])
    axes.set_xlim(times)
    axes.xaxis.set_major_locator(MultipleLocator(step))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda at, _: clock(at)))


def draw_stat(canvas: Canvas, panel: Panel, box: tuple[float, ...]) -> None:
    """Write the last value of each series, large."""
    x, y, width, height = box
    options = panel.panel["options"]
    named = options["textMode"] == "value_and_name" or len(panel.series) > 1
    step = width / len(panel.series)
    for place, series in enumerate(panel.series):
        unit, decimals = (panel.option(name, series.ref) for name in ("unit", "decimals"))
        colour = INK if options["colorMode"] == "none" else threshold_colour(panel, series.last)
        middle = x + step * (place + 0.5)
        text = with_unit(series.last, unit, decimals)
        size = min(20, step / max(len(text), 3) * 1.1)
        canvas.text(middle, y + height * 0.6, text, size, ha="center", color=colour, weight="bold")
        if named:
            canvas.text(middle, y + height * 0.14, series.name, 7, ha="center", color=FAINT)


def draw_timeseries(canvas: Canvas, panel: Panel, box: tuple[float, ...]) -> Axes:
    """Draw lines over time, or shares on top of each other, with their thresholds."""
    x, y, width, height = box
    colours = colours_of(panel, panel.series)
    legend = canvas.legend(box, [each.name for each in panel.series], colours)
    axes = canvas.axes(x + 54, y + 2, width - 62, height - legend - 22)
    unit = panel.defaults["unit"]
    if panel.defaults.get("custom", {}).get("stacking", {}).get("mode") == "percent":
        unit = "percentunit"
        times = sorted({at for each in panel.series for at, _ in each.points})
        values = [[dict(each.points).get(at, 0.0) for at in times] for each in panel.series]
        sums = [sum(column) or 1.0 for column in zip(*values, strict=True)]
        shares = [[v / s for v, s in zip(line, sums, strict=True)] for line in values]
        axes.stackplot(times, shares, colors=colours, alpha=0.6)
        axes.set_ylim(0, 1)
    else:
        for series, colour in zip(panel.series, colours, strict=True):
            style = panel.option("custom.lineStyle", series.ref) or {"fill": "solid"}
            opacity = panel.option("custom.fillOpacity", series.ref) or 0
            times, values = zip(*series.points, strict=True)
            mark = "." if len(times) == 1 else ""
            dashes = DASHES[style["fill"]]
            axes.plot(times, values, marker=mark, color=colour, lw=1.2, ls=dashes)
            if opacity:
                axes.fill_between(times, values, color=colour, alpha=opacity / 100, lw=0)
        low, high = axes.get_ylim()
        if panel.option("custom.thresholdsStyle", ""):
            for step in panel.defaults["thresholds"]["steps"][1:]:
                if step["value"] <= 1.5 * high:  # as in Grafana, a far threshold moves no axis
                    axes.axhline(step["value"], color=NAMED[step["color"]], lw=1, ls=DASHES["dash"])
        high = max(high, axes.get_ylim()[1])
        axes.set_ylim(panel.defaults.get("min", low), panel.defaults.get("max", high))
        if not any(value for each in panel.series for _, value in each.points):
            axes.set_ylim(0, 1)  # nothing but zeros
    axes.grid(color="#E4E6E8", lw=0.7)
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: with_unit(value, unit)))
    return axes


def draw_bargauge(canvas: Canvas, panel: Panel, box: tuple[float, ...]) -> None:
    """Draw a bar for each series, in the colour of the threshold that it reaches."""
    x, y, width, height = box
    step = height / len(panel.series)
    steps = [each["value"] or 0 for each in panel.defaults["thresholds"]["steps"]]
    full = max([*steps, *(each.last for each in panel.series)])
    axes = canvas.axes(x, y, width - 56, height)
    axes.set_axis_off()
    axes.set(xlim=(0, full), ylim=(height, 0))
    for place, series in enumerate(panel.series):
        colour = threshold_colour(panel, series.last)
        middle = step * (place + 0.6)
        axes.barh(middle, full, step * 0.4, color="#ECEDEF")
        axes.barh(middle, series.last, step * 0.4, color=colour)
        canvas.text(x, y + middle - step * 0.32, series.name, 7)
        value = with_unit(series.last, panel.defaults["unit"])
        canvas.text(x + width, y + middle, value, 8, ha="right", color=colour, weight="bold")


def records(panel: Panel) -> tuple[list[str], list[list[str | float | None]]]:
    """Return the columns and rows of a table, after the panel's transformations."""
    options = {each["id"]: each["options"] for each in panel.panel["transformations"]}
    if matrix := options.get("groupingToMatrix"):
        row, column = matrix["rowField"], matrix["columnField"]
        cells = {(each.labels[row], each.labels[column]): each.last for each in panel.series}
        columns = sorted({name for _, name in cells})
        rows = sorted({name for name, _ in cells})
        body = [[name, *(cells.get((name, each), 0.0) for each in columns)] for name in rows]
        return [f"{row}\\{column}", *columns], body
    merged: dict[tuple[tuple[str, str], ...], dict[str, str | float]] = defaultdict(dict)
    single = len(panel.panel["targets"]) == 1
    for series in panel.series:
        record = merged[tuple(sorted(series.labels.items()))]
        record |= series.labels | {"Value" if single else f"Value #{series.ref}": series.last}
    order = options["organize"]["indexByName"]
    columns = sorted(order, key=order.__getitem__)
    names = [options["organize"]["renameByName"][column] for column in columns]
    body = [[record.get(column) for column in columns] for record in merged.values()]
    for sort in reversed(options["sortBy"]["sort"]):
        place = names.index(sort["field"])
        body.sort(key=lambda line, at=place: order_of(line[at]), reverse=sort.get("desc", False))
    return names, body


def order_of(value: str | float | None) -> tuple[float, str]:
    """Return what a value is sorted by: numbers, and texts that begin with one, by the number."""
    try:
        return float(value if not isinstance(value, str) else value.split(" ")[0]), ""
    except (TypeError, ValueError):
        return -math.inf, str(value)


def draw_table(canvas: Canvas, panel: Panel, box: tuple[float, ...]) -> None:
    """Write a table, as many rows as fit."""
    x, y, width, height = box
    names, body = records(panel)
    unit = panel.defaults["unit"]
    lines = [names] + [
        [with_unit(cell, unit) if isinstance(cell, float) else cell or "" for cell in line]
        for line in body[: int(height / 17) - 1]
    ]
    widths = [max(map(len, column)) + 3 for column in zip(*lines, strict=True)]
    for row, line in enumerate(lines):
        for place, cell in enumerate(line):
            left = x + width * sum(widths[:place]) / sum(widths)
            canvas.text(left, y + 9 + 17 * row, cell, 7, weight="normal" if row else "bold")


def draw_barchart(canvas: Canvas, panel: Panel, box: tuple[float, ...]) -> None:
    """Draw bars side by side for each bin."""
    x, y, width, height = box
    names, body = records(panel)
    fixed = [panel.option("color", "", name) for name in names[1:]]
    colours = [NAMED[c["fixedColor"]] if c else PALETTE[i] for i, c in enumerate(fixed)]
    legend = canvas.legend(box, names[1:], colours)
    axes = canvas.axes(x + 54, y + 2, width - 62, height - legend - 90)
    for place, (name, colour) in enumerate(zip(names[1:], colours, strict=True)):
        opacity = panel.option("custom.fillOpacity", "", name) / 100
        at = [bin_ + (place - 0.5) * 0.4 for bin_ in range(len(body))]
        axes.bar(at, [line[place + 1] or 0 for line in body], 0.38, color=colour, alpha=opacity)
    bins = [str(line[0])[:24] for line in body]
    axes.set_xticks(range(len(body)), bins, rotation=45, ha="right", fontsize=5.5)
    axes.grid(axis="y", color="#E4E6E8", lw=0.7)
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.yaxis.set_major_formatter(
        FuncFormatter(lambda value, _: with_unit(value, panel.defaults["unit"]))
    )


DRAW = {
    "barchart": draw_barchart,
    "bargauge": draw_bargauge,
    "stat": draw_stat,
    "table": draw_table,
    "timeseries": draw_timeseries,
}
