"""Our reader over HTTP, as thin as can be: what ``feast serve`` is compared with.

``python -m benchmarks.features_server PORT REDIS_URL TIME``
"""

from __future__ import annotations

import sys
from datetime import datetime

import numpy as np
import orjson
import uvicorn
from fastapi import FastAPI, Response
from pydantic import BaseModel
from redis import Redis

from contracts import ManualClock
from feature_store.live.reader import LiveFeatures

# Clients wait for each other before they start.
_IDLE_S = 120


class Asked(BaseModel):
    """A visitor, and products, whose features are wanted."""

    visitor_id: str
    product_ids: list[str]


def build_app(reader: LiveFeatures) -> FastAPI:
    """Return the server; ``products`` has a row a product, null where nothing is known."""
    app = FastAPI()

    @app.get("/health")
    def health() -> None:
        pass

    @app.post("/features")
    def features(asked: Asked) -> Response:
        answer = reader.read(asked.visitor_id, asked.product_ids)
        products = np.ascontiguousarray(answer.products.values)
        found = {"visitor": answer.visitor.values, "session": answer.session.values, "products": products}
        return Response(orjson.dumps(found, option=orjson.OPT_SERIALIZE_NUMPY), media_type="application/json")

    return app


def main(port: str, redis_url: str, now: str) -> None:
    """Serve on loopback, as of a moment, until it is ended."""
    reader = LiveFeatures(Redis.from_url(redis_url), ManualClock(datetime.fromisoformat(now)))
    uvicorn.run(
        build_app(reader),
        host="127.0.0.1",
        port=int(port),
        log_level="warning",
        access_log=False,
        timeout_keep_alive=_IDLE_S,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
