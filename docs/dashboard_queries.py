"""Answer the queries of a Grafana dashboard from Prometheus, and lay its panels out."""

import json
import math
import re
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

SCRAPE_INTERVAL_S = 15
SECONDS = {"s": 1, "m": 60, "h": 3_600}
LABEL_VALUES = re.compile(r"label_values\((.*), (\w+)\)")

Json = dict[str, Any]
Point = tuple[float, float]


class Source(Protocol):
    """What answers queries."""

    span_s: float

    def instant(self, expression: str) -> list[Json]:
        """Return the series that an expression has now, each with one value."""

    def range(self, expression: str, step_s: int) -> list[Json]:
        """Return the series of an expression over the time that is drawn, by steps of seconds."""


@dataclass(frozen=True)
class Prometheus:
    """A Prometheus server, and the time up to `end_s` that is drawn of it."""

    url: str
    end_s: float
    span_s: float

    def ask(self, what: str, **parameters: object) -> list[Json]:
        """Return the result of a query.

        Raises:
            HTTPError: the server rejects the query.
        """
        words = urllib.parse.urlencode(parameters)
        with urllib.request.urlopen(f"{self.url}/api/v1/{what}?{words}", timeout=30) as response:
            return json.load(response)["data"]["result"]

    def instant(self, expression: str) -> list[Json]:
        """Return the series that an expression has at the end, each with one value."""
        series = self.ask("query", query=expression, time=self.end_s)
        return [{"metric": each["metric"], "values": [each["value"]]} for each in series]

    def range(self, expression: str, step_s: int) -> list[Json]:
        """Return the series of an expression, a point at each multiple of a step in seconds."""
        start_s = (self.end_s - self.span_s) // step_s * step_s  # as Grafana aligns it
        times = {"start": start_s, "end": self.end_s, "step": step_s}
        return self.ask("query_range", query=expression, **times)


@dataclass(frozen=True)
class Series:
    """The points of one line, and the query that they come from."""

    name: str
    ref: str
    labels: dict[str, str]
    points: list[Point]

    @property
    def last(self) -> float:
        """Return the last value, as Grafana's `lastNotNull` does."""
        return self.points[-1][1]


@dataclass(frozen=True)
class Panel:
    """A panel at its place, in units of the grid of 24 columns, with its data."""

    panel: Json
    title: str
    at: tuple[int, int, int, int]  # x, y, width, height
    series: list[Series] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """Return the type, such as `timeseries` or `row`."""
        return self.panel["type"]

    @property
    def defaults(self) -> Json:
        """Return the field options that no override changes."""
        return self.panel.get("fieldConfig", {}).get("defaults", {})

    def option(self, name: str, ref: str, shown: str = "") -> Any:
        """Return a field option of a query or of a named column, after the overrides."""
        value = self.defaults.get(name)
        if value is None and name.startswith("custom."):
            value = self.defaults.get("custom", {}).get(name.removeprefix("custom."))
        for override in self.panel["fieldConfig"]["overrides"]:
            if override["matcher"]["options"] in {ref, shown}:
                for changed in override["properties"]:
                    value = changed["value"] if changed["id"] == name else value
        return value


def fill(text: str, chosen: dict[str, str]) -> str:
    """Replace a dashboard's variables by the chosen values."""
    return re.sub(r"\$(\w+)", lambda found: chosen.get(found[1], found[0]), text)


def choose(source: Source, dashboard: Json, selected: dict[str, str]) -> dict[str, str]:
    """Return a value for each variable: the selected one, all where that is offered, or the first.

    Raises:
        ValueError: a variable has no values, or not the selected one.
    """
    chosen = {"__range": f"{source.span_s:.0f}s"}
    for variable in dashboard["templating"]["list"]:
        name = variable["name"]
        if variable["type"] == "datasource" or "allValue" in variable:
            chosen[name] = variable.get("allValue", "")
            continue
        if variable["type"] == "custom":
            offered = variable["query"].split(",")
        else:
            query = LABEL_VALUES.fullmatch(variable["query"]["query"])
            found = source.instant(f"count by ({query[2]}) ({fill(query[1], chosen)})")
            offered = sorted(series["metric"][query[2]] for series in found)
        if not offered or selected.get(name, offered[0]) not in offered:
            raise ValueError(f"{dashboard['title']}: ${name} offers {offered}")
        chosen[name] = selected.get(name, offered[0])
    return chosen


def sections(dashboard: Json, opened: set[str]) -> Iterator[tuple[Json, list[Json]]]:
    """Yield each row with its panels; of a collapsed row, only if it is to be opened."""
    row: Json | None = None
    panels: list[Json] = []
    for panel in sorted(dashboard["panels"], key=lambda each: each["gridPos"]["y"]):
        if panel["type"] != "row":
            panels.append(panel)
            continue
        if row is not None:
            yield row, panels
        row = panel
        panels = list(panel["panels"]) if panel["title"] in opened else []
    if row is not None:
        yield row, panels


def step_of(panel: Json) -> int:
    """Return the seconds between two points of a panel: its own interval, or the scrapes'."""
    interval = panel.get("interval", f"{SCRAPE_INTERVAL_S}s")
    return int(interval[:-1]) * SECONDS[interval[-1]]


def query(source: Source, panel: Json, chosen: dict[str, str]) -> Iterator[Series]:
    """Yield the series of a panel's queries; a series without a number is left out."""
    step_s = step_of(panel)
    # As Grafana computes it.
    rate_interval_s = max(step_s + SCRAPE_INTERVAL_S, 4 * SCRAPE_INTERVAL_S)
    chosen = chosen | {"__rate_interval": f"{rate_interval_s}s"}
    for target in panel.get("targets", []):
        expression = fill(target["expr"], chosen)
        instant = target.get("instant")
        answer = source.instant(expression) if instant else source.range(expression, step_s)
        for series in answer:
            points = [(float(at), float(value)) for at, value in series["values"]]
            points = [point for point in points if not math.isnan(point[1])]
            if points:
                labels = series["metric"]
                name = re.sub(
                    r"{{(\w+)}}",
                    lambda found, labels=labels: labels.get(found[1], ""),
                    target.get("legendFormat", ""),
                )
                yield Series(name or target["refId"], target["refId"], labels, points)


def lay_out(
    source: Source, dashboard: Json, selected: dict[str, str], opened: set[str]
) -> list[Panel]:
    """Return the rows and panels of a dashboard below each other, with their data.

    Where a row repeats for each value of a variable, one value is drawn: the selected one.
    """
    chosen = choose(source, dashboard, selected)
    panels: list[Panel] = []
    top = 0
    for row, inside in sections(dashboard, opened):
        start = row["gridPos"]["y"]
        height = 1
        title = fill(row["title"], chosen)
        closed = row.get("collapsed") and not inside
        panels.append(Panel(row, f"{'▸' if closed else '▾'} {title}", (0, top, 24, 1)))
        for panel in inside:
            x, y, w, h = (panel["gridPos"][name] for name in "xywh")
            series = list(query(source, panel, chosen))
            at = (x, top + y - start, w, h)
            panels.append(Panel(panel, fill(panel["title"], chosen), at, series))
            height = max(height, y - start + h)
        top += height
    return panels
