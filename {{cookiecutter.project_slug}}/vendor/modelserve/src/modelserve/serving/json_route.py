"""A framework's route that reads its request as the hot path does."""

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

NAME, JSON = b"content-type", b"application/json"


class JsonRequest(Request):
    """A request whose body has been read, and is JSON whatever the client calls it.

    Curl, for one, calls it a form unless it is told.

    Args:
        scope: the request, as ASGI has it.
        body: all of it.

    Raises:
        MalformedError: it is no JSON.
    """

    def __init__(self, scope: Scope, body: bytes) -> None:
        """Parse the body."""
        headers = dict(scope["headers"]) | {NAME: JSON}
        super().__init__({**scope, "headers": [*headers.items()]})
        self._read = body
        try:
            self._content = from_json(body)
        except ValueError as error:
            raise MalformedError(f"The body is no valid JSON: {error}.") from error

    async def body(self) -> bytes:
        """Return the body."""
        return self._read

    async def json(self) -> Any:
        """Return what it holds."""
        return self._content


def make_json_route(access: Access, settings: Settings) -> type[APIRoute]:
    """Return a kind of route that asks for the key first, and then reads the body in its limits.

    The framework alone would read a body for as long as it comes, and ask whose it is afterwards.
    """

    class JsonRoute(APIRoute):
        """A route; one that takes no body is left as it is."""

        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            """Return the handler, which is given a request whose body has been read."""
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
                return await answer(JsonRequest(request.scope, body))

            return handle

    return JsonRoute
