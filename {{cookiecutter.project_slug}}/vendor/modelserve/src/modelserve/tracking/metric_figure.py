"""A figure of a run's metrics with their intervals, as SVG, without a library for plots."""

from html import escape

from .run_record import RunRecord

ROW, LABEL, BAR, VALUE = 26, 190, 320, 150  # pixels
STYLE = "font: 13px sans-serif; fill: #222"
MAX_ROWS, MAX_LABEL = 40, 26


def draw_metrics(record: RunRecord) -> str:
    """Return the metrics from 0 to 1, a row each; others have a number, and no bar."""
    shown = list(record.metrics.items())[:MAX_ROWS]
    rows = [
        _draw_row(i, name, value, record.intervals.get(name))
        for i, (name, value) in enumerate(shown, 1)
    ]
    width, height = LABEL + BAR + VALUE, ROW * (len(rows) + 1) + 10
    title = f"{record.name} {record.version or ''}".strip()
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}">',
            f'<rect width="{width}" height="{height}" fill="white"/>',
            f'<text x="8" y="18" style="{STYLE}; font-weight: bold">{escape(title)}</text>',
            *rows,
            "</svg>\n",
        ]
    )


def _draw_row(index: int, name: str, value: float, interval: tuple[float, float] | None) -> str:
    """Return one metric: its name, a bar with the interval as a line, and its value."""
    y = ROW * index + 8
    parts = [f'<text x="8" y="{y + 14}" style="{STYLE}">{escape(name[:MAX_LABEL])}</text>']
    ends = interval or (value, value)
    if all(0 <= each <= 1 for each in (value, *ends)):
        low, middle, high = (LABEL + BAR * each for each in (ends[0], value, ends[1]))
        parts += [
            f'<rect x="{LABEL}" y="{y + 2}" width="{BAR}" height="14" fill="#eee"/>',
            f'<rect x="{LABEL}" y="{y + 2}" width="{middle - LABEL:.1f}" height="14" '
            'fill="#7aa6d8"/>',
            f'<path d="M{low:.1f} {y + 9}H{high:.1f}" stroke="#222" stroke-width="2"/>',
        ]
    spread = f" ({ends[0]:.4g} to {ends[1]:.4g})" if interval else ""
    text = f"{value:.4g}{spread}"
    parts.append(f'<text x="{LABEL + BAR + 8}" y="{y + 14}" style="{STYLE}">{text}</text>')
    return "".join(parts)
