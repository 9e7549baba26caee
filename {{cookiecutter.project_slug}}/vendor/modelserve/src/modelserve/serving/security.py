"""The key as the framework's own routes ask for it, and as the documentation shows it."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import APIKeyHeader

from .access import Access


def identify_with(access: Access) -> Callable[..., Awaitable[str]]:
    """Return a dependency that names the consumer and shows the key in the documentation."""
    scheme = APIKeyHeader(name="X-API-Key", auto_error=False)

    async def identify(request: Request, _: Annotated[str | None, Depends(scheme)]) -> str:
        consumer = access.identify(dict(request.scope["headers"]))
        request.state.context.consumer = consumer
        return consumer

    return identify
