"""How an HTTP server of Aisle listens."""

from __future__ import annotations

import ssl

import uvicorn
from starlette.types import ASGIApp

from web.request_heads import LimitedHeads


def serve(
    app: ASGIApp,
    address: tuple[str, int],
    log_level: str,
    tls: ssl.SSLContext | None = None,
    stop_within_s: int | None = None,
) -> None:
    """Answer until the process is told to stop; requests in progress then have ``stop_within_s`` to end.

    What uvicorn logs goes where the process logs.
    """
    uvicorn.run(
        app,
        host=address[0],
        port=address[1],
        http=LimitedHeads,
        server_header=False,
        access_log=False,
        log_config=None,
        log_level=log_level,
        ssl_context_factory=None if tls is None else lambda _config, _default: tls,
        timeout_graceful_shutdown=stop_within_s,
    )
