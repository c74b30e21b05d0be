"""What a storefront asks and gets: real visitors, products that exist, an answer from the model."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Event as Flag
from typing import Any

import pyarrow.compute as pc

from contracts.errors import PermanentError
from contracts.tables import SILVER_CLICKSTREAM_EVENTS, SILVER_INVENTORY_EVENTS, SILVER_POS_EVENTS, SILVER_SESSIONS
from data_lake.arrow_lake import ArrowLake
from deployment.demo.latency import ApiClient

_POLL_S = 0.3
_VISITORS = 200
_MODEL = "model"


@dataclass(frozen=True)
class ModelAnswer:
    """An answer that the recommender gave."""

    visitor_id: str
    product_ids: tuple[str, ...]
    model_version: str


def real_visitors(lake: ArrowLake) -> list[str]:
    """Return the visitors who touched the most products, latest first: those the model knows something about."""
    sessions = lake.read(SILVER_SESSIONS, ["visitor_id", "ended_at", "product_view_count"])
    seen = sessions.filter(pc.greater(sessions.column("product_view_count"), 2))
    latest = (seen if seen.num_rows else sessions).sort_by([("ended_at", "descending")])
    return list(dict.fromkeys(latest.column("visitor_id").to_pylist()))[:_VISITORS]


def known_product_ids(lake: ArrowLake) -> set[str]:
    """Return every product id in silver: of master data, of single events and of the lines of orders and sales."""
    ids: set[str] = set(lake.read(SILVER_INVENTORY_EVENTS, ["product_id"]).column("product_id").to_pylist())
    for table, columns in ((SILVER_CLICKSTREAM_EVENTS, ["product_id", "lines"]), (SILVER_POS_EVENTS, ["lines"])):
        rows = lake.read(table, columns)
        ids |= set(pc.struct_field(pc.list_flatten(rows.column("lines")), "product_id").to_pylist())
        if "product_id" in columns:
            ids |= set(pc.unique(rows.column("product_id")).to_pylist())
    return ids - {None}


def first_model_answer(api: ApiClient, visitors: Sequence[str], within_s: float, stopped: Flag) -> ModelAnswer:
    """Ask for one visitor after the other until the model itself answers; raises ``PermanentError`` after the time."""
    deadline, number, sources = time.monotonic() + within_s, 0, set()
    while time.monotonic() < deadline and not stopped.wait(_POLL_S if number else 0):
        visitor_id = visitors[number % len(visitors)]
        answer = api.recommend(visitor_id)
        if answer["source"] == _MODEL:
            products = tuple(product["product_id"] for product in answer["items"])
            return ModelAnswer(visitor_id, products, str(answer["model"]["version"]))
        sources.add(answer["source"])
        number += 1
    seen = ", ".join(sorted(sources)) or "nobody"
    msg = f"no recommendation came from the model within {within_s:.0f} s, only from {seen}"
    raise PermanentError(msg)


def prediction_request(visitor_id: str) -> dict[str, Any]:
    """Return the body that asks how likely a visitor is to buy in the session that runs."""
    return {"visitor_id": visitor_id}
