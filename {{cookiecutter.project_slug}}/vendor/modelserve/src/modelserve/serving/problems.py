"""Maps errors to HTTP responses, RFC 9457 problems; no other module knows status codes."""

from http import HTTPStatus
from typing import NamedTuple

from pydantic_core import to_json
from starlette.exceptions import HTTPException

from .. import errors
from ..translation import Catalogue

LISTED = 100  # problems that a response names
LONGEST = 500  # characters of a text that may quote the request
Headers = list[tuple[bytes, bytes]]


class Answer(NamedTuple):
    """A complete response."""

    status: int
    headers: Headers
    body: bytes


KINDS: dict[type[Exception], tuple[HTTPStatus, str]] = {
    errors.MalformedError: (HTTPStatus.BAD_REQUEST, "malformed-body"),
    errors.DisconnectedError: (HTTPStatus.BAD_REQUEST, "client-gone"),
    errors.AccessError: (HTTPStatus.UNAUTHORIZED, "key-refused"),
    errors.UnknownModelError: (HTTPStatus.NOT_FOUND, "unknown-model"),
    errors.SlowClientError: (HTTPStatus.REQUEST_TIMEOUT, "slow-body"),
    errors.TooLargeError: (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body-too-large"),
    errors.ContentEncodingError: (HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "content-encoding"),
    errors.InvalidInputError: (HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-input"),
    errors.OverloadedError: (HTTPStatus.SERVICE_UNAVAILABLE, "overloaded"),
    errors.ModelTimeoutError: (HTTPStatus.GATEWAY_TIMEOUT, "model-timed-out"),
    errors.ModelError: (HTTPStatus.INTERNAL_SERVER_ERROR, "model-failed"),
}
UNEXPECTED = (HTTPStatus.INTERNAL_SERVER_ERROR, "unexpected")
UNFORESEEN = "Something failed that was not foreseen; the log has it."


def classify(error: Exception) -> tuple[HTTPStatus, str]:
    """Return the status and the kind of problem that an error is."""
    if isinstance(error, HTTPException):
        status = HTTPStatus(error.status_code)
        return status, status.phrase.lower().replace(" ", "-")
    return next((KINDS[each] for each in type(error).__mro__ if each in KINDS), UNEXPECTED)


class ErrorResponses:
    """Writes errors as responses, in one language; `type` and `title` are the same in all.

    Args:
        catalogue: of the language.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        """Keep the catalogue."""
        self._catalogue = catalogue
        language = (b"content-language", catalogue.locale.encode())
        self._language = [] if catalogue.locale == "en" else [language]

    def problem(self, error: Exception, request_id: str) -> Answer:
        """Return a problem document; unexpected errors are not shown."""
        status, kind = classify(error)
        extras: dict[str, object] = {}
        if isinstance(error, errors.InvalidInputError):
            extras["errors"] = [each._asdict() for each in self._listed(error)]
        if isinstance(error, HTTPException) and isinstance(error.detail, dict | list):
            extras["details"] = error.detail  # of a route of the project's; `detail` is a text
        content = {
            "type": f"urn:problem:{kind}",
            "title": status.phrase,
            "status": int(status),
            "detail": self._detail(error),
            "request_id": request_id,
            **extras,
        }
        headers = self._headers(error, b"application/problem+json")
        return Answer(int(status), headers, to_json(content, fallback=str))

    def protocol_error(self, error: Exception, request_id: str) -> Answer:
        """Return the answer in the Open Inference Protocol's form: {"error": …}."""
        status, _ = classify(error)
        if status is HTTPStatus.UNPROCESSABLE_ENTITY:
            status = HTTPStatus.BAD_REQUEST
        text = self._detail(error)
        if isinstance(error, errors.InvalidInputError):
            text += " " + "; ".join(each.line for each in self._listed(error))
        text = self._catalogue.text(
            "{text} (request {request_id})", text=text, request_id=request_id
        )
        headers = self._headers(error, b"application/json")
        return Answer(int(status), headers, to_json({"error": text}))

    def refusal(self, reason: str) -> Answer:
        """Return the protocol's answer to a request that is refused whatever it holds."""
        content = {"error": self._catalogue.message(reason)}
        headers = [(b"content-type", b"application/json"), *self._language]
        return Answer(int(HTTPStatus.BAD_REQUEST), headers, to_json(content))

    def _listed(self, error: errors.InvalidInputError) -> list[errors.FieldError]:
        """Return the invalid fields that a response names."""
        return [
            errors.FieldError(self._shorten(each.pointer), self._text(each.detail))
            for each in error.errors[:LISTED]
        ]

    def _detail(self, error: Exception) -> str:
        if isinstance(error, HTTPException):
            own = not isinstance(error.detail, dict | list)
            return self._text(str(error.detail) if own else classify(error)[0].phrase)
        if isinstance(error, errors.InvalidInputError):
            text = self._catalogue.message(str(error))
            if len(error.errors) <= LISTED:
                return text
            return f"{text} {self._catalogue.text('The first {count} are named.', count=LISTED)}"
        if isinstance(error, errors.ServiceError):
            return self._text(str(error))
        return self._text(UNFORESEEN)

    def _headers(self, error: Exception, content_type: bytes) -> Headers:
        return [(b"content-type", content_type), *self._language, *_headers(error)]

    def _text(self, message: str) -> str:
        """Return a message in the client's language, its beginning if it is long."""
        return self._shorten(self._catalogue.message(message))

    def _shorten(self, text: str) -> str:
        """Return a text that may quote the request: its beginning, if it is long."""
        if len(text) <= LONGEST:
            return text
        return self._catalogue.text(
            "{text}… ({count} characters)", text=text[:LONGEST], count=len(text)
        )


def _headers(error: Exception) -> Headers:
    if isinstance(error, HTTPException):
        return [(k.lower().encode(), v.encode()) for k, v in (error.headers or {}).items()]
    if isinstance(error, errors.OverloadedError):
        return [(b"retry-after", str(error.retry_after_s).encode())]
    if isinstance(error, errors.AccessError):
        return [(b"www-authenticate", b"Bearer")]
    if isinstance(error, errors.SlowClientError):
        return [(b"connection", b"close")]  # the rest of the body is not waited for
    if isinstance(error, errors.ContentEncodingError):
        return [(b"accept-encoding", b"gzip")]
    return []
