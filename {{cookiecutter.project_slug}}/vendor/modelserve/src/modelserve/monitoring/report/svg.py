"""Inline SVG in small pieces: all text, with nothing to fetch and nothing to run."""

import html
from collections.abc import Iterable

Point = tuple[float, float]


def picture(kind: str, size: Point, title: str, *layers: str) -> str:
    """Return a picture that says in words what it shows to those who cannot see it."""
    width, height = size
    return (
        f'<svg class="{kind}" viewBox="0 0 {width:g} {height:g}" role="img">'
        f"<title>{html.escape(title)}</title>{''.join(layers)}</svg>\n"
    )


def layer(kind: str, drawn: Iterable[str]) -> str:
    """Return pieces that look alike."""
    return f'<g class="{kind}">{"".join(drawn)}</g>'


def boxes(kind: str, corners: Iterable[Point], sizes: Iterable[Point]) -> str:
    """Return rectangles by their upper left corners, their widths and heights, as one path."""
    drawn = []
    for corner, size in zip(corners, sizes, strict=True):
        (x, y), (width, height) = map(short, corner), map(short, size)
        drawn.append(f"M{x} {y}h{width}v{height}h-{width}z")
    return f'<path class="{kind}" d="{"".join(drawn)}"/>'


def line(start: Point, end: Point) -> str:
    """Return a straight line."""
    return f'<path d="M{" ".join(map(short, start))}L{" ".join(map(short, end))}"/>'


def dot(centre: Point, *, radius: float) -> str:
    """Return a disc."""
    x, y = map(short, centre)
    return f'<circle cx="{x}" cy="{y}" r="{short(radius)}"/>'


def label(words: str, at: Point) -> str:
    """Return a text at a point of its base line; its layer says which part of it stands there."""
    x, y = map(short, at)
    return f'<text x="{x}" y="{y}">{html.escape(words)}</text>'


def short(value: float) -> str:
    """Return a coordinate to a tenth, as no eye sees more."""
    return f"{value:.1f}".removesuffix(".0")
