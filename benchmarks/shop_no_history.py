"""What the shop shows where there is no history: of products, and of visitors.

At random moments of the days that judge, some products are taken as new: nobody has looked at them before. Every
product page from then on is a request for a list, which has one place for a newcomer.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.shop_visits import Visit
from ml_modeling.recommending.catalogue import Catalogue
from ml_modeling.recommending.first_products import first_products
from ml_modeling.recommending.newcomers import newcomer_for, newcomers

_MOMENTS = 40
_NEW_PRODUCTS = 10
_WATCHED_MINUTES = 180
_SOON_MINUTES = 10
_FIRST = 10
_SEED = 7

# When a product page was asked for (ms since the epoch), and which.
Request = tuple[int, int]


def measure(visits: Sequence[Visit], first_test: int, catalogue: Catalogue) -> dict[str, Any]:
    """Return the minutes to a new product's first showing, and how a first visitor's list is spread."""
    requests = sorted(
        (at_ms, product)
        for visit in visits[first_test:]
        for at_ms, product in zip(visit.at_ms, visit.products, strict=True)
    )
    rng = np.random.default_rng(_SEED)
    last_ms = requests[-1][0] - _WATCHED_MINUTES * 60_000
    minutes = np.concatenate(
        [
            _first_shown(
                requests, moment, rng.choice(len(catalogue.categories), _NEW_PRODUCTS, replace=False), catalogue
            )
            for moment in rng.integers(requests[0][0], last_ms, _MOMENTS)
        ]
    )
    return {
        "shop_new_products": len(minutes),
        "shop_new_product_minutes_p50": round(float(np.percentile(minutes, 50)), 1),
        "shop_new_product_minutes_p90": round(float(np.percentile(minutes, 90)), 1),
        f"shop_new_product_share_{_SOON_MINUTES}min": round(float(np.mean(minutes <= _SOON_MINUTES)), 3),
        **_first_list(visits, first_test, catalogue),
    }


def _first_shown(
    requests: Sequence[Request], moment_ms: int, new: np.ndarray[Any, Any], catalogue: Catalogue
) -> np.ndarray[Any, Any]:
    """Return the minutes from the moment to each newcomer's first showing; what takes longer is as long as watched."""
    sightings, shown = np.ones(len(catalogue.categories)), np.zeros(len(catalogue.categories), np.int64)
    sightings[new] = 0
    until_ms = moment_ms + _WATCHED_MINUTES * 60_000
    first_ms = np.full(len(sightings), until_ms)
    for at_ms, latest in requests[bisect(requests, (moment_ms, 0)) : bisect(requests, (until_ms, 0))]:
        candidates = newcomers(sightings, shown)
        if sightings[latest] > 0 and len(candidates):
            newcomer = newcomer_for(latest, candidates, catalogue.vectors, shown)
            first_ms[newcomer] = min(first_ms[newcomer], at_ms)
            shown[newcomer] += 1
    minutes: np.ndarray[Any, Any] = (first_ms[new] - moment_ms) / 60_000
    return minutes


def _first_list(visits: Sequence[Visit], first_test: int, catalogue: Catalogue) -> dict[str, Any]:
    """Return how often the first product of a visitor never seen before is among ten, chosen in three ways.

    By the catalogue alone, by it and popularity, by popularity alone; beside it the spread of the first way.
    """
    n = len(catalogue.categories)
    known = {visit.visitor_id for visit in visits[:first_test]}
    firsts = [visit.products[0] for visit in visits[first_test:] if visit.visitor_id not in known]
    popularity = np.bincount([product for visit in visits[:first_test] for product in visit.products], minlength=n)
    everything = np.ones(n, np.bool_)
    empty = first_products(catalogue, everything, _FIRST)
    lists = {
        "empty_shop": empty,
        "first_visitor": first_products(catalogue, everything, _FIRST, popularity.astype(np.float64)),
        "first_visitor_popularity": np.argsort(-popularity)[:_FIRST],
    }
    levels = catalogue.price_levels[empty]
    return {
        f"shop_recall10_{name}": round(float(np.isin(firsts, shown).mean()), 4) for name, shown in lists.items()
    } | {
        "shop_empty_categories10": len(set(catalogue.categories[empty].tolist())),
        "shop_empty_price_levels10": [round(float(levels.min()), 2), round(float(levels.max()), 2)],
    }
