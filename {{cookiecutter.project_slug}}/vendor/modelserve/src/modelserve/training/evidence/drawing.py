"""Write a small SVG picture by hand: lines, boxes and texts, with a title and a description."""

from collections.abc import Iterable
from html import escape

WIDTH = 640
STYLE = (
    "text{font:13px sans-serif;fill:#1f2933}.note{fill:#616e7c;font-size:12px}"
    ".end{text-anchor:end}.middle{text-anchor:middle}.axis{stroke:#9aa5b1}"
    ".guide{stroke:#9aa5b1;stroke-dasharray:4 4}.mark{fill:#0b69a3;stroke:#0b69a3}"
    ".bad{fill:#b44d12;stroke:#b44d12}.light{fill:#b6e0fe;stroke:#0b69a3}"
)


def svg(title: str, description: str, height: float, shapes: Iterable[str]) -> bytes:
    """Return a picture as a file.

    Args:
        title: its name, for screen readers.
        description: its content in words, for screen readers.
        height: in units of the picture.
        shapes: of the functions below; later ones cover earlier ones.
    """
    size = f'viewBox="0 0 {WIDTH} {_number(height)}" width="{WIDTH}" height="{_number(height)}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-labelledby="t d">',
        f'<title id="t">{clean(title)}</title>',
        f'<desc id="d">{clean(description)}</desc>',
        f"<style>{STYLE}</style>",
        f'<rect width="{WIDTH}" height="{_number(height)}" fill="#ffffff"/>',
        *shapes,
        "</svg>",
    ]
    return ("\n".join(lines) + "\n").encode()


def text(content: str, x: float, y: float, kind: str = "") -> str:
    """Return a text from its left end, or by the class "end" or "middle" to another point."""
    return f'<text x="{_number(x)}" y="{_number(y)}"{_class(kind)}>{clean(content)}</text>'


def line(x1: float, y1: float, x2: float, y2: float, kind: str = "axis") -> str:
    """Return a straight line."""
    ends = f'x1="{_number(x1)}" y1="{_number(y1)}" x2="{_number(x2)}" y2="{_number(y2)}"'
    return f"<line {ends}{_class(kind)}/>"


def box(x: float, y: float, width: float, height: float, kind: str = "mark") -> str:
    """Return a filled rectangle."""
    size = f'width="{_number(width)}" height="{_number(height)}"'
    return f'<rect x="{_number(x)}" y="{_number(y)}" {size}{_class(kind)}/>'


def disc(x: float, y: float, radius: float, kind: str = "mark") -> str:
    """Return a filled circle."""
    return f'<circle cx="{_number(x)}" cy="{_number(y)}" r="{_number(radius)}"{_class(kind)}/>'


def shorten(content: str, longest: int) -> str:
    """Return a text of bounded length."""
    return content if len(content) <= longest else f"{content[: longest - 1]}…"


def clean(content: str) -> str:
    """Return a text for XML, without the characters that no XML file may hold."""
    return escape("".join(each if _allowed(each) else " " for each in content))


def _allowed(character: str) -> bool:
    code = ord(character)
    return 0x20 <= code < 0x7F or 0xA0 <= code < 0xD800 or 0xE000 <= code < 0xFFFE or code > 0xFFFF


def _class(kind: str) -> str:
    return f' class="{kind}"' if kind else ""


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
