"""What is served where there is no history: of products, and of visitors.

At random moments of the days that judge, the shop lists ten products anew, each described as one that it has: the
model has learned of none of them. Every product page from then on asks the served code for a list.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.shop_visits import Visit
from ml_modeling.first_list import first_list
from ml_modeling.recommender import Recommends
from ml_modeling.recommending.catalogue import catalogue_of
from ml_modeling.recommending.product_facts import ProductFacts
from ml_modeling.trained_model import RECOMMENDER
from model_serving.asked import Asked
from model_serving.list_query import ListQuery
from model_serving.listing import Listing
from model_serving.model_source import ModelVersion
from model_serving.model_store import LoadedModel
from model_serving.placements import Placement
from model_serving.recommendations import recommend
from model_serving.serving import Serving
from model_serving.shop_window import ShopWindow
from tests.fixtures.model_server import Shop

_MOMENTS = 40
_NEW_PRODUCTS = 10
_WATCHED_MINUTES = 180
_SOON_MINUTES = 10
_FIRST = 10
_SEED = 7
_AT = datetime(2026, 1, 1, tzinfo=UTC).isoformat()

# When a product page was asked for (ms since the epoch), and which.
Request = tuple[int, str]


def measure(
    visits: Sequence[Visit], first_test: int, model: Recommends, facts: Mapping[str, ProductFacts]
) -> dict[str, Any]:
    """Return the minutes to a new product's first showing, and how a first visitor's list is spread.

    ``facts`` are of all products, in the order that the visits' places mean.
    """
    product_ids = list(facts)
    requests = sorted(
        (at_ms, product_ids[product])
        for visit in visits[first_test:]
        for at_ms, product in zip(visit.at_ms, visit.products, strict=True)
    )
    rng = np.random.default_rng(_SEED)
    last_ms = requests[-1][0] - _WATCHED_MINUTES * 60_000
    minutes = np.concatenate(
        [
            _minutes_to_first_showing(
                requests, moment, model, facts, rng.choice(len(facts), _NEW_PRODUCTS, replace=False)
            )
            for moment in rng.integers(requests[0][0], last_ms, _MOMENTS).tolist()
        ]
    )
    return {
        "shop_new_products": len(minutes),
        "shop_new_product_minutes_p50": round(float(np.percentile(minutes, 50)), 1),
        "shop_new_product_minutes_p90": round(float(np.percentile(minutes, 90)), 1),
        f"shop_new_product_share_{_SOON_MINUTES}min": round(float(np.mean(minutes <= _SOON_MINUTES)), 3),
        **_first_lists(visits, first_test, model, facts),
    }


def _minutes_to_first_showing(
    requests: Sequence[Request],
    moment_ms: int,
    model: Recommends,
    facts: Mapping[str, ProductFacts],
    described_as: np.ndarray[Any, Any],
) -> np.ndarray[Any, Any]:
    """Return them for each product listed at the moment; what takes longer is as long as watched."""
    until_ms, product_ids = moment_ms + _WATCHED_MINUTES * 60_000, list(facts)
    new = {f"new-{product_ids[place]}": facts[product_ids[place]] for place in described_as.tolist()}
    serving = _serving(model, {**facts, **new})
    loaded = LoadedModel(ModelVersion(RECOMMENDER, "1", "run"), model, "mlflow")
    first_ms = dict.fromkeys(new, until_ms)
    for at_ms, latest in requests[bisect(requests, (moment_ms, "")) : bisect(requests, (until_ms, ""))]:
        asked = Asked("request", Placement.SIMILAR, None, [latest], ListQuery())
        for item in recommend(asked, loaded, serving).answer.items:
            if item.product_id in first_ms:
                first_ms[item.product_id] = min(first_ms[item.product_id], at_ms)
        if max(first_ms.values()) < until_ms:
            break
    return (np.array(list(first_ms.values())) - moment_ms) / 60_000


def _serving(model: Recommends, facts: Mapping[str, ProductFacts]) -> Serving:
    """Return a model server that knows what the shop says of its products; of all else it has nothing."""
    listing = Listing()
    for product_id, each in facts.items():
        listing.take(_product_updated(product_id, each))
    window = ShopWindow(listing, lambda: model, first_list)
    window.refresh()
    return replace(Shop(Path("no-snapshots")).serving, window=window)


def _product_updated(product_id: str, facts: ProductFacts) -> dict[str, Any]:
    said = {"name": facts.name, "category": facts.category, "brand": facts.brand, "list_price": str(facts.price)}
    return {"event_type": "product_updated", "occurred_at": _AT, "product_id": product_id, "is_active": True, **said}


def _first_lists(
    visits: Sequence[Visit], first_test: int, model: Recommends, facts: Mapping[str, ProductFacts]
) -> dict[str, Any]:
    """Return how often the first product of a visitor never seen before is among ten, chosen in three ways.

    By the catalogue alone, as where no model has learned; by the model; by popularity alone. Beside it the spread of
    the first way.
    """
    product_ids = list(facts)
    known = {visit.visitor_id for visit in visits[:first_test]}
    firsts = [product_ids[visit.products[0]] for visit in visits[first_test:] if visit.visitor_id not in known]
    empty = first_list(facts)[:_FIRST]
    lists = {
        "empty_shop": empty,
        "first_visitor": [product.product_id for product in model.first(_FIRST)],
        "first_visitor_popularity": [product.product_id for product in model.recommend((), _FIRST)],
    }
    levels = dict(zip(product_ids, catalogue_of(list(facts.values())).price_levels.tolist(), strict=True))
    return {
        f"shop_recall10_{name}": round(sum(first in shown for first in firsts) / len(firsts), 4)
        for name, shown in lists.items()
    } | {
        "shop_empty_categories10": len({facts[product_id].category for product_id in empty}),
        "shop_empty_price_levels10": [
            round(choose(levels[product_id] for product_id in empty), 2) for choose in (min, max)
        ],
    }
