"""A route whose body is JSON and not too large: checked after the path and the method, before FastAPI reads it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.types import Message

from web.json_body import read_json_body

# Batches of the largest requests are below it.
MAX_BODY_BYTES = 1024 * 1024


class JsonRoute(APIRoute):
    """Answers 415 to what is not JSON, 413 to what is too large, and 408 to what does not arrive."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler, behind the checks."""
        handle = super().get_route_handler()

        async def checked(request: Request) -> Response:
            body = await read_json_body(request, MAX_BODY_BYTES)

            async def receive() -> Message:
                return {"type": "http.request", "body": body, "more_body": False}

            return await handle(Request(request.scope, receive))

        return checked
