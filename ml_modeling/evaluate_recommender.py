"""Judges a recommender on sessions it has not learned from: full ranking, beside popularity alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa

from contracts.errors import NotReadyError
from ml_modeling.list_metrics import coverage, diversity, novelty, popularity_bias
from ml_modeling.next_products import MAX_CASES, browsed_sessions, sample
from ml_modeling.ranking_metrics import average_precision, found_share, ndcg, precision, reciprocal_rank
from ml_modeling.recommender import RankedProduct, Recommends

# The products seen so far, latest first, and the others that followed in the session.
Case = tuple[list[str], frozenset[str]]
_BY_CASE = {
    "recall": found_share,
    "precision": precision,
    "ndcg": ndcg,
    "mrr": reciprocal_rank,
    "map": average_precision,
}


@dataclass(frozen=True)
class Evaluation:
    """Metrics at ``k`` over ``cases`` of ``sessions``, of the model and of its popularity alone.

    ``model_recalls`` and ``popularity_recalls`` (k) are Recall of lists of length 1, 2, … k.
    """

    k: int
    sessions: int
    cases: int
    model: Mapping[str, float]
    popularity: Mapping[str, float]
    model_recalls: Sequence[float]
    popularity_recalls: Sequence[float]


def evaluate_recommender(
    model: Recommends, sessions: pa.Table, learned_until: datetime, k: int, categories: Mapping[str, str]
) -> Evaluation:
    """Judge ``model`` on the people's sessions of ``sessions`` that began after ``learned_until``.

    A case is every place of a session at which products not yet seen in it follow; at most ``MAX_CASES`` are drawn.
    ``categories`` are by product id. Raises ``NotReadyError`` where no later session has such a place.
    """
    browsed = browsed_sessions(sessions)
    is_later = browsed.starts > np.datetime64(learned_until.astimezone(UTC).replace(tzinfo=None))
    later = browsed.where(is_later).baskets
    cases_and_pasts = sample(
        [
            (case, past)
            for basket, past in zip(later, browsed.pasts(np.flatnonzero(is_later)), strict=True)
            for case in cases_of(basket)
        ],
        MAX_CASES,
    )
    if not cases_and_pasts:
        msg = (
            f"no session after {learned_until:%Y-%m-%d %H:%M} UTC, which the model has learned until, has two products"
        )
        raise NotReadyError(msg)
    cases = [case for case, _ in cases_and_pasts]
    sightings = Counter(product for basket in browsed.where(~is_later).baskets for product in basket)
    by_model = [_ids(model.recommend(seen, k, exclude=seen, past=past)) for (seen, _), past in cases_and_pasts]
    by_popularity = [_ids(model.recommend((), k, exclude=seen)) for seen, _ in cases]
    of_model, of_popularity = (
        _metrics(lists, cases, k, categories, sightings) | {"coverage": coverage(lists, len(model.product_ids))}
        for lists in (by_model, by_popularity)
    )
    recalls = [_recalls(lists, cases, k) for lists in (by_model, by_popularity)]
    return Evaluation(k, len(later), len(cases), of_model, of_popularity, *recalls)


def cases_of(basket: Sequence[str]) -> list[Case]:
    """Return a case for every distinct product of a session but the last: what was seen up to it, what followed."""
    distinct = list(dict.fromkeys(basket))
    return [(distinct[:place][::-1], frozenset(distinct[place:])) for place in range(1, len(distinct))]


def _metrics(
    lists: Sequence[Sequence[str]],
    cases: Sequence[Case],
    k: int,
    categories: Mapping[str, str],
    sightings: Mapping[str, int],
) -> dict[str, float]:
    judged = {
        name: sum(metric(ranked, right, k) for ranked, (_, right) in zip(lists, cases, strict=True)) / len(cases)
        for name, metric in _BY_CASE.items()
    }
    chosen = [product for _, right in cases for product in right]
    return judged | {
        "diversity": diversity(lists, categories),
        "novelty_bits": novelty(lists, sightings),
        "popularity_bias": popularity_bias(lists, chosen, sightings),
    }


def _recalls(lists: Sequence[Sequence[str]], cases: Sequence[Case], k: int) -> list[float]:
    found = np.zeros((len(cases), k))
    for row, ranked, (_, right) in zip(found, lists, cases, strict=True):
        row[: len(ranked)] = [(product in right) / len(right) for product in ranked]
    recalls: list[float] = found.cumsum(axis=1).mean(axis=0).tolist()
    return recalls


def _ids(ranked: Sequence[RankedProduct]) -> list[str]:
    return [product.product_id for product in ranked]
