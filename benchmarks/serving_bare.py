"""A FastAPI server that answers the same bytes to whatever is asked: the ceiling of ours.

``python -m benchmarks.serving_bare PORT FILE``, the file being one answer of the model server.
"""

from __future__ import annotations

import sys
from pathlib import Path

import uvicorn
from fastapi import FastAPI, Response


def build_app(body: bytes) -> FastAPI:
    """Return the server; like ours its route is no coroutine, so that a thread of the pool runs it."""
    app = FastAPI()

    @app.get("/v1/recommendations/{visitor_id}")
    def answer(visitor_id: str, limit: int) -> Response:  # noqa: ARG001 - taken as ours takes them
        return Response(body, media_type="application/json")

    return app


def main(port: str, file: str) -> None:
    """Serve on loopback, with the settings of ``aisle serve``, until it is ended."""
    app = build_app(Path(file).read_bytes())
    uvicorn.run(app, host="127.0.0.1", port=int(port), access_log=False, log_level="info")


if __name__ == "__main__":
    main(*sys.argv[1:])
