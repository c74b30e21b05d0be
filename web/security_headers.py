"""What every answer tells a browser not to do with it (OWASP, REST Security Cheat Sheet)."""

from __future__ import annotations

from collections.abc import Iterator

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_Header = tuple[bytes, bytes]
# Each unless the answer has one of its own: a list may be kept to be compared, the documentation loads scripts.
_ALWAYS: tuple[_Header, ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
)
_OVER_TLS: tuple[_Header, ...] = (*_ALWAYS, (b"strict-transport-security", b"max-age=31536000"))


class SecurityHeaders:
    """ASGI middleware: adds the headers to every answer but that to a bug, which is made outside of it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and add to its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *missing_headers(scope, message["headers"])]
            await send(message)

        await self._app(scope, receive, send_secured)


def missing_headers(scope: Scope, headers: list[_Header]) -> Iterator[_Header]:
    """Yield what the answer to a request lacks that has these headers."""
    there = {name for name, _ in headers}
    wanted = _OVER_TLS if scope.get("scheme") == "https" else _ALWAYS
    return (each for each in wanted if each[0] not in there)
