"""The served recommender on 30 days of the simulated shop: NDCG@10 of the next new product, baselines, ceiling.

Split by time: the last fifth of the sessions judges, each case by what is known online of its visitor up to it. The
ceiling knows the visitor's persona and the shop's own chances (``data_sources/true_choice.py``); no model sees them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import shop_no_history
from benchmarks.shop_visits import Case, Visit, cases_of, facts_of_shop, sessions_of, visits_of
from data_sources.shop import Shop, ShopSettings
from data_sources.true_choice import TrueChoice
from data_sources.truth import tastes_of
from ml_modeling.baseline_recommender import fit
from ml_modeling.compile_recommender import compile_recommender
from ml_modeling.recommender import Recommender
from ml_modeling.recommending.product_facts import ProductFacts
from ml_modeling.recommending.sessions import Sessions
from ml_modeling.two_stage_fitting import fit_two_stage
from ml_modeling.two_stage_recommender import TwoStageRecommender

DAYS = timedelta(days=30)
_EVENTS_PER_DAY = 20_000
_SEED = 7
_TEST_SHARE = 0.2
_CASES = 5_000
_TOP = 10


def settings() -> ShopSettings:
    """Return the shop that is measured."""
    return ShopSettings(_SEED, datetime(2026, 1, 1, tzinfo=UTC), _EVENTS_PER_DAY / 86_400, rhythm=True)


def measure() -> dict[str, Any]:
    """Let the shop trade, train, judge, and return NDCG@10 with the half width of its 95 % interval."""
    shop = Shop(settings())
    visits, facts = visits_of(shop, DAYS), facts_of_shop(shop)
    first_test = round(len(visits) * (1 - _TEST_SHARE))
    sessions = sessions_of(visits, len(facts))
    model, train_s = _trained(visits[:first_test], facts)
    taken_ms: list[float] = []
    rankings = {
        "": _served(model, sessions, list(facts), taken_ms),
        **_baselines(visits, first_test),
        "_ceiling": _ceiling(shop, visits),
    }
    every = list(cases_of(visits, first_test))
    cases = [every[place] for place in np.sort(np.random.default_rng(_SEED).choice(len(every), _CASES, replace=False))]
    result: dict[str, Any] = {"shop_sessions": len(visits), "shop_cases": len(cases), "shop_train_s": train_s}
    for name, rank in rankings.items():
        result |= _judged(f"shop_ndcg10{name}", [_gain(rank(case), case.right) for case in cases])
    result["shop_share_of_ceiling"] = round(result["shop_ndcg10"] / result["shop_ndcg10_ceiling"], 4)
    for percent in (50, 99):
        result[f"shop_p{percent}_ms"] = round(float(np.percentile(taken_ms, percent)), 3)
    return result | shop_no_history.measure(visits, first_test, model, facts)


Ranking = Callable[[Case], Sequence[int]]


def _trained(visits: Sequence[Visit], facts: Mapping[str, ProductFacts]) -> tuple[TwoStageRecommender, float]:
    compile_recommender()
    product_ids = list(facts)
    baskets = [[product_ids[place] for place in visit.products] for visit in visits]
    visitors = np.unique([visit.visitor_id for visit in visits], return_inverse=True)[1]
    started = perf_counter()
    model, _ = fit_two_stage(baskets, visitors, facts)
    return model, round(perf_counter() - started, 1)


def _served(
    model: TwoStageRecommender, sessions: Sessions, product_ids: Sequence[str], taken_ms: list[float]
) -> Ranking:
    """Rank as for a request, and note how long each takes (ms)."""
    places = {product_id: place for place, product_id in enumerate(product_ids)}

    def rank(case: Case) -> list[int]:
        in_order = sessions[case.visit][: case.length].tolist()
        seen = [product_ids[place] for place in dict.fromkeys(reversed(in_order))]
        past = [product_ids[place] for place in sessions.seen_before(case.visit)[::-1].tolist()]
        started = perf_counter()
        ranked = model.recommend(seen, _TOP, past=past)
        taken_ms.append(1000 * (perf_counter() - started))
        return [places[product.product_id] for product in ranked]

    return rank


def _baselines(visits: Sequence[Visit], first_test: int) -> dict[str, Ranking]:
    starts = np.array([visit.at_ms[0] for visit in visits[:first_test]], "datetime64[ms]").astype("datetime64[us]")
    model = fit(starts, [[str(product) for product in visit.products] for visit in visits[:first_test]])

    def seen(case: Case) -> list[str]:
        """Return the distinct products, latest first, as the served model takes them."""
        return [str(product) for product in dict.fromkeys(reversed(visits[case.visit].products[: case.length]))]

    return {
        "_popularity": lambda case: _places(model, (), seen(case)),
        "_covisitation": lambda case: _places(model, seen(case), seen(case)),
    }


def _places(model: Recommender, recent: Sequence[str], seen: Sequence[str]) -> list[int]:
    return [int(product.product_id) for product in model.recommend(recent, _TOP, exclude=seen)]


def _ceiling(shop: Shop, visits: Sequence[Visit]) -> Ranking:
    truth = TrueChoice(shop.settings.seed, shop.catalogue, shop.personas)
    personas = tastes_of(shop)["visitors"]
    ids = [product.product_id for product in shop.catalogue.products]

    def rank(case: Case) -> list[int]:
        visit = visits[case.visit]
        seen = visit.products[: case.length]
        chances = truth.next_chances(personas[visit.visitor_id], [ids[place] for place in seen])
        return _unseen(np.argsort(-chances)[: _TOP + len(seen)], seen)

    return rank


def _unseen(ranked: NDArray[Any], seen: Sequence[int] | NDArray[np.int32]) -> list[int]:
    return [place for place in ranked.tolist() if place not in seen][:_TOP]


def _gain(ranked: Sequence[int], right: int) -> float:
    return 1 / math.log2(ranked.index(right) + 2) if right in ranked else 0.0


def _judged(name: str, gains: Sequence[float]) -> dict[str, float]:
    """Return the mean, and half of its 95 % interval by the normal approximation: there are thousands of cases."""
    half_width = 1.96 * float(np.std(gains, ddof=1)) / math.sqrt(len(gains))
    return {name: round(float(np.mean(gains)), 4), f"{name}_ci95": round(half_width, 4)}
