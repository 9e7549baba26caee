"""Maps errors to HTTP responses, RFC 9457 problems; no other module knows status codes."""

from http import HTTPStatus
from typing import NamedTuple

from pydantic_core import to_json
from starlette.exceptions import HTTPException

from .. import errors

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


def classify(error: Exception) -> tuple[HTTPStatus, str]:
    """Return the status and the kind of problem that an error is."""
    if isinstance(error, HTTPException):
        status = HTTPStatus(error.status_code)
        return status, status.phrase.lower().replace(" ", "-")
    return next((KINDS[each] for each in type(error).__mro__ if each in KINDS), UNEXPECTED)


def problem(error: Exception, request_id: str) -> Answer:
    """Return the response to a request that ended in `error`; unexpected errors are not shown."""
    status, kind = classify(error)
    extras = {}
    if isinstance(error, errors.InvalidInputError):
        extras["errors"] = [
            {"pointer": shorten(each.pointer), "detail": shorten(each.detail)}
            for each in error.errors[:LISTED]
        ]
    return describe(
        status,
        kind,
        _detail(error),
        request_id,
        headers=_headers(error),
        **extras,
    )


def describe(
    status: HTTPStatus,
    kind: str,
    detail: str,
    request_id: str,
    *,
    headers: Headers | None = None,
    **extras: object,
) -> Answer:
    """Return a problem document."""
    content = {
        "type": f"urn:problem:{kind}",
        "title": status.phrase,
        "status": int(status),
        "detail": detail,
        "request_id": request_id,
        **extras,
    }
    kind_header = (b"content-type", b"application/problem+json")
    return Answer(int(status), [kind_header, *(headers or [])], to_json(content))


def protocol_error(error: Exception, request_id: str) -> Answer:
    """Return the answer in the Open Inference Protocol's form: {"error": …}."""
    status, _ = classify(error)
    if status is HTTPStatus.UNPROCESSABLE_ENTITY:
        status = HTTPStatus.BAD_REQUEST
    text = _detail(error)
    if isinstance(error, errors.InvalidInputError):
        text += " " + "; ".join(
            errors.FieldError(shorten(each.pointer), shorten(each.detail)).line
            for each in error.errors[:LISTED]
        )
    body = to_json({"error": f"{text} (request {request_id})"})
    return Answer(int(status), [(b"content-type", b"application/json"), *_headers(error)], body)


def shorten(text: str) -> str:
    """Return a text that may quote the request: its beginning, if it is long."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text)} characters)"


def _detail(error: Exception) -> str:
    if isinstance(error, HTTPException):
        return shorten(str(error.detail))
    if isinstance(error, errors.InvalidInputError):
        listed = "" if len(error.errors) <= LISTED else f" The first {LISTED} are named."
        return f"{error}{listed}"
    if isinstance(error, errors.ServiceError):
        return shorten(str(error))
    return "Something failed that was not foreseen; the log has it."


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
