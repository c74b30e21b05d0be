"""The id of a request: the client's own where it is one, else made here; in every answer's header and log line."""

from __future__ import annotations

import re
from uuid import uuid4

from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from contracts.log_fields import REQUEST_IDS

HEADER = "X-Request-ID"
# Short enough that a number after it, in a batch, is still an id in an event.
_SENSIBLE = re.compile(r"[A-Za-z0-9._:-]{1,100}")


class NameRequests:
    """ASGI middleware: gives every request its id and every answer the header."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with its id."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        sent = Headers(scope=scope).get(HEADER, "")
        request_id = sent if _SENSIBLE.fullmatch(sent) else uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        # Never reset: a request has a task of its own, and what the server logs of it after this is of it too.
        REQUEST_IDS.set({"request_id": request_id})

        async def send_named(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[HEADER] = request_id
            await send(message)

        await self._app(scope, receive, send_named)


def request_id_of(request: Request) -> str:
    """Return the id that the request has."""
    request_id: str = request.state.request_id
    return request_id
