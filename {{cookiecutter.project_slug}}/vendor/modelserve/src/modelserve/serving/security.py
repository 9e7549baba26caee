"""The key as the framework's own routes ask for it, and as the documentation shows it."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.security import APIKeyHeader, HTTPBearer

from .access import ANONYMOUS, Access


def identify_with(access: Access) -> Callable[..., Awaitable[str]]:
    """Return a dependency that names the consumer.

    If a key is required, the documentation shows both ways to send it.
    """
    if not access.required:

        async def name_everyone() -> str:
            return ANONYMOUS

        return name_everyone
    key = Depends(APIKeyHeader(name="X-API-Key", auto_error=False))
    token = Depends(HTTPBearer(auto_error=False))

    async def identify(
        request: Request, _key: Annotated[Any, key], _token: Annotated[Any, token]
    ) -> str:
        consumer = access.identify(dict(request.scope["headers"]))
        request.state.context.consumer = consumer
        return consumer

    return identify
