"""The simulated shop's visits, and what its catalogue says: all that a recommender of it may know."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import NamedTuple

import numpy as np

from data_sources.bots import bot_ids
from data_sources.shop import Shop
from ml_modeling.recommending.product_facts import ProductFacts
from ml_modeling.recommending.sessions import Sessions

_SESSION_GAP_MS = 30 * 60_000


class Visit(NamedTuple):
    """What one session looked at, in order, as places in the catalogue, and when (ms since the epoch)."""

    visitor_id: str
    products: list[int]
    at_ms: list[int]


class Case(NamedTuple):
    """What came next, a product that the session had not seen: ``right`` after the first ``length`` of ``visit``."""

    visit: int
    length: int
    right: int


def visits_of(shop: Shop, length: timedelta) -> list[Visit]:
    """Let the shop trade; return the people's sessions with a product, by their start."""
    places = {product.product_id: place for place, product in enumerate(shop.catalogue.products)}
    bots = set(bot_ids())
    running: dict[str, Visit] = {}
    visits = []
    for at_ms, event in shop.trade(length):
        if event["event_type"] != "product_viewed" or event["visitor_id"] in bots:
            continue
        visitor_id = str(event["visitor_id"])
        visit = running.get(visitor_id)
        if visit is None or at_ms - visit.at_ms[-1] > _SESSION_GAP_MS:
            visit = running[visitor_id] = Visit(visitor_id, [], [])
            visits.append(visit)
        visit.products.append(places[event["product_id"]])
        visit.at_ms.append(at_ms)
    return visits


def sessions_of(visits: Sequence[Visit], product_count: int) -> Sessions:
    """Return the visits with who came."""
    visitors = np.unique([visit.visitor_id for visit in visits], return_inverse=True)[1]
    return Sessions.of([visit.products for visit in visits], product_count, visitors)


def cases_of(visits: Sequence[Visit], first: int) -> Iterator[Case]:
    """Yield the cases of the visits from ``first`` on: each product new to its session, but for the session's first."""
    for which in range(first, len(visits)):
        products = visits[which].products
        for length in range(1, len(products)):
            if products[length] not in products[:length]:
                yield Case(which, length, products[length])


def facts_of_shop(shop: Shop) -> dict[str, ProductFacts]:
    """Return what the shop's ``product_updated`` events say, in order of the catalogue."""
    return {
        product.product_id: ProductFacts(product.title, product.category, product.brand, float(product.list_price))
        for product in shop.catalogue.products
    }
