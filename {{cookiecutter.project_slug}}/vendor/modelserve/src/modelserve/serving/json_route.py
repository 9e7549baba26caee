"""A FastAPI route that reads its request as the hot path does."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic_core import from_json
from starlette.types import Scope

from ..errors import MalformedError
from ..settings import Settings
from .access import Access
from .body import read_body
from .invalid_rows import SMALL_BYTES, check_values
from .schemas import json_fault

NAME, JSON = b"content-type", b"application/json"


class JsonRequest(Request):
    """A request whose body has been read, and is JSON whatever its content type.

    curl, for one, sends a form's content type by default.

    Args:
        scope: the request, as ASGI has it.
        body: all of it.

    Raises:
        MalformedError: the body is not JSON.
    """

    def __init__(self, scope: Scope, body: bytes) -> None:
        """Parse the body."""
        headers = dict(scope["headers"]) | {NAME: JSON}
        super().__init__({**scope, "headers": [*headers.items()]})
        self._read = body
        try:
            self._content = from_json(body)
        except ValueError as error:
            fault = json_fault(body, error)
            raise MalformedError(f"The body is no valid JSON: {fault}.") from error

    async def body(self) -> bytes:
        """Return the body."""
        return self._read

    async def json(self) -> Any:
        """Return its content."""
        return self._content


def make_json_route(access: Access, settings: Settings, *, most_values: int) -> type[APIRoute]:
    """Return a route class that checks the key first, and then reads the body within its limits.

    FastAPI alone would read the whole body before it checks the key.

    Args:
        access: checks the key.
        settings: the limits of size and time.
        most_values: that a body may hold.
    """

    class JsonRoute(APIRoute):
        """A route; one without a body is FastAPI's own."""

        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            """Return the handler, for a request whose body has been read."""
            answer = super().get_route_handler()
            if not self.body_field:
                return answer

            async def handle(request: Request) -> Response:
                headers = dict(request.scope["headers"])
                request.state.context.consumer = access.identify(headers)
                body = await read_body(
                    request.receive,
                    headers,
                    limit_bytes=settings.max_body_bytes,
                    timeout_s=settings.body_timeout_s,
                )
                if len(body) > SMALL_BYTES:
                    check_values(body, most_values)
                return await answer(JsonRequest(request.scope, body))

            return handle

    return JsonRoute
