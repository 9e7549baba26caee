"""Content negotiation: the type of a request, and that of its response."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import NamedTuple

from starlette.exceptions import HTTPException

from ...errors import RequestError

JSON, CSV, JSON_LINES = "application/json", "text/csv", "application/jsonlines"
SUPPORTED = (JSON, CSV, JSON_LINES)  # the first, where none is named
FORM = "application/x-www-form-urlencoded"  # curl's default
ANY = "*"
MOST_PARTS = 100  # of an Accept header that are read
LISTED = f"{', '.join(SUPPORTED[:-1])} or {SUPPORTED[-1]}"


class ContentTypeError(HTTPException, RequestError):
    """The content type of the body is not supported."""

    def __init__(self, given: str) -> None:
        """List the supported types."""
        detail = f"A body of {given} is not read here; send {LISTED}."
        super().__init__(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, detail)


class AcceptError(HTTPException, RequestError):
    """The Accept header names no supported content type."""

    def __init__(self, wanted: str) -> None:
        """List the supported types."""
        detail = f"There is no answer in {wanted}; accept {LISTED}."
        super().__init__(HTTPStatus.NOT_ACCEPTABLE, detail)


class Range(NamedTuple):
    """One part of an Accept header: its media range, its weight from 0 to 1, and its place."""

    kind: str
    weight: float
    place: int

    def fits(self, content_type: str) -> int:
        """Return the precision of the match: 2 exact, 1 by type, 0 by `*/*`, -1 for none."""
        if self.kind == content_type:
            return 2
        if self.kind == f"{content_type.partition('/')[0]}/{ANY}":
            return 1
        return 0 if self.kind == f"{ANY}/{ANY}" else -1


def read_content_type(header: bytes) -> str:
    """Return the content type of a body, by its header.

    Raises:
        ContentTypeError: it is not supported.
    """
    kind = _bare(header.decode("latin-1"))
    if kind in ("", FORM):
        return JSON
    if kind not in SUPPORTED:
        raise ContentTypeError(kind)
    return kind


def choose_answer(header: bytes) -> str:
    """Return the content type of an answer, by the Accept header.

    Each type has the weight of the part that names it most exactly. Of several with the same
    weight, the one that is named most exactly is taken, then the one that is named first.

    Raises:
        AcceptError: no supported type is accepted.
    """
    text = header.decode("latin-1").strip()
    ranges = list(_ranges(text)) if text else [Range(f"{ANY}/{ANY}", 1, 0)]
    wanted = []
    for content_type in SUPPORTED:
        fitting = [(each.fits(content_type), -each.place, each.weight) for each in ranges]
        exactness, place, weight = max(fitting, default=(-1, 0, 0))
        if exactness >= 0 and weight > 0:
            wanted.append((weight, exactness, place, content_type))
    if not wanted:
        raise AcceptError(text)
    return max(wanted, key=lambda each: each[:3])[3]


def _ranges(text: str) -> Iterator[Range]:
    """Yield the first parts of an Accept header that can be read."""
    for place, part in enumerate(text.split(",", MOST_PARTS)[:MOST_PARTS]):
        _, _, parameters = part.partition(";")
        weights = [
            value.strip()
            for name, _, value in (each.partition("=") for each in parameters.split(";"))
            if name.strip().lower() == "q"
        ]
        try:
            yield Range(_bare(part), float(weights[0]) if weights else 1, place)
        except ValueError:
            continue


def _bare(text: str) -> str:
    return text.partition(";")[0].strip().lower()
