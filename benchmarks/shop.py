"""The recommender on 30 days of the simulated shop: NDCG@10 of the next new product, baselines and ceiling beside.

Split by time: the last fifth of the sessions judges, each case by what its visitor saw up to it. The ceiling knows the
visitor's persona and the shop's own chances (``data_sources/true_choice.py``); no model sees them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import numpy as np

from data_sources.bots import bot_ids
from data_sources.shop import Shop, ShopSettings
from data_sources.true_choice import TrueChoice
from data_sources.truth import tastes_of
from ml_modeling.baseline_recommender import fit
from ml_modeling.next_products import cases_of, sample
from ml_modeling.recommender import Recommender
from ml_modeling.recommending.sessions import Sessions
from ml_modeling.recommending.two_stage import TwoStage

_DAYS = timedelta(days=30)
_EVENTS_PER_DAY = 20_000
_SEED = 7
_TEST_SHARE = 0.2
_CASES = 5_000
_TOP = 10
_SESSION_GAP_MS = 30 * 60_000


class Visit(NamedTuple):
    """The products of one session, in order, and when it began (ms since the epoch)."""

    began_ms: int
    visitor_id: str
    products: list[str]


def measure() -> dict[str, Any]:
    """Let the shop trade, train, judge, and return NDCG@10 with the half width of its 95 % interval."""
    settings = ShopSettings(_SEED, datetime(2026, 1, 1, tzinfo=UTC), _EVENTS_PER_DAY / 86_400, rhythm=True)
    shop = Shop(settings)
    visits = _visits(shop)
    first_test = round(len(visits) * (1 - _TEST_SHARE))
    cases = sample(
        [(visit.visitor_id, seen, right) for visit in visits[first_test:] for seen, right in cases_of(visit.products)],
        _CASES,
    )
    result: dict[str, Any] = {"shop_sessions": len(visits), "shop_cases": len(cases)}
    for name, rank in _rankings(shop, visits[:first_test]).items():
        gains = np.array([_gain(rank(visitor_id, seen), right) for visitor_id, seen, right in cases])
        result |= {f"shop_ndcg10{name}": round(float(gains.mean()), 4), f"shop_ndcg10{name}_ci95": _half_width(gains)}
    return result


Ranking = Callable[[str, list[str]], Sequence[str]]


def _rankings(shop: Shop, visits: Sequence[Visit]) -> dict[str, Ranking]:
    """Return what ranks products for a visitor and what was seen, latest first."""
    starts = np.array([visit.began_ms for visit in visits], "datetime64[ms]").astype("datetime64[us]")
    model = fit(starts, [visit.products for visit in visits])
    return {
        "": _two_stage(visits, model.product_ids),
        "_popularity": lambda _, seen: _ids(model, (), seen),
        "_covisitation": lambda _, seen: _ids(model, seen, seen),
        "_ceiling": _ceiling(shop),
    }


def _ids(model: Recommender, recent: Sequence[str], seen: Sequence[str]) -> list[str]:
    return [product.product_id for product in model.recommend(recent, _TOP, exclude=seen)]


def _two_stage(visits: Sequence[Visit], product_ids: Sequence[str]) -> Ranking:
    codes = {product_id: code for code, product_id in enumerate(product_ids)}
    model = TwoStage.fit(Sessions.of([[codes[each] for each in visit.products] for visit in visits], len(codes)))

    def rank(_: str, seen: list[str]) -> list[str]:
        known = [codes[product_id] for product_id in reversed(seen) if product_id in codes]
        if not known:
            return []
        ranked = model.next_products(np.array(known, np.int32), _TOP + len(known)).tolist()
        return [product_ids[code] for code in ranked if code not in known][:_TOP]

    return rank


def _ceiling(shop: Shop) -> Ranking:
    truth = TrueChoice(shop.settings.seed, shop.catalogue, shop.personas)
    personas = tastes_of(shop)["visitors"]
    ids = [product.product_id for product in shop.catalogue.products]

    def rank(visitor_id: str, seen: list[str]) -> list[str]:
        chances = truth.next_chances(personas[visitor_id], seen[::-1])
        return [ids[place] for place in np.argsort(-chances)[: _TOP + len(seen)] if ids[place] not in seen][:_TOP]

    return rank


def _visits(shop: Shop) -> list[Visit]:
    """Return the people's sessions with a product, by their start."""
    bots = set(bot_ids())
    running: dict[str, tuple[int, Visit | None]] = {}
    visits = []
    for at_ms, event in shop.trade(_DAYS):
        if event["event_type"] != "product_viewed" or event["visitor_id"] in bots:
            continue
        visitor_id = str(event["visitor_id"])
        last_ms, visit = running.get(visitor_id, (-_SESSION_GAP_MS, None))
        if visit is None or at_ms - last_ms > _SESSION_GAP_MS:
            visit = Visit(at_ms, visitor_id, [])
            visits.append(visit)
        visit.products.append(event["product_id"])
        running[visitor_id] = (at_ms, visit)
    return visits


def _gain(ranked: Sequence[str], right: str) -> float:
    return 1 / math.log2(ranked.index(right) + 2) if right in ranked else 0.0


def _half_width(gains: np.ndarray[Any, np.dtype[np.float64]]) -> float:
    """Return half of the 95 % interval of the mean, by the normal approximation: there are thousands of cases."""
    error = float(gains.std(ddof=1)) / math.sqrt(len(gains))
    return round(1.96 * error, 4)
