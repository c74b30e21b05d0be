"""Training and evaluation of the recommender, from ``silver.sessions``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy import sparse

from contracts.errors import NotReadyError
from contracts.tables import SILVER_SESSIONS
from ml_modeling.co_visitation import ALPHA, BACKWARD, MAX_DISTANCE, Visits, co_visitation, sessions_with_product
from ml_modeling.ranking_metrics import mrr_at, recall_at
from ml_modeling.recommender import Recommender, RecommenderArrays
from ml_modeling.time_split import later_part
from ml_modeling.trained_model import RECOMMENDER, TrainedModel

COLUMNS = ("session_id", "started_at", "product_ids", "is_bot")
MIN_SESSIONS = 10
MIN_CASES = 50
MAX_CASES = 20_000
_TEST_SHARE = 0.2
_NEIGHBOURS = 50
_HALF_LIFE_DAYS = 7.0
_TOP = 20
_METRIC = f"recall_at_{_TOP}"
_SEED = 7

# The start of the last session a model has learned from: its parameter in the registry.
LEARNED_UNTIL = "learned_until"

# The products seen so far, latest first, and the next one that was not among them.
Case = tuple[list[str], str]
AnyCase = TypeVar("AnyCase")


def train_recommender(sessions: pa.Table) -> TrainedModel:
    """Evaluate on the latest fifth of ``sessions``, then fit on all of them; those of bots are left out.

    The metrics are Recall@20 and MRR@20 of the next distinct product, ranked among all products. Raises
    ``NotReadyError`` where fewer than ``MIN_SESSIONS`` sessions hold a product.
    """
    starts, baskets = sessions_with_products(sessions)
    if len(baskets) < MIN_SESSIONS:
        msg = (
            f"{SILVER_SESSIONS.name} holds {len(baskets)} sessions with products: the recommender needs {MIN_SESSIONS}"
        )
        raise NotReadyError(msg)
    later = later_part(starts, _TEST_SHARE)
    cases = sample(cases_of([basket for basket, is_later in zip(baskets, later, strict=True) if is_later]), MAX_CASES)
    note, metrics = f"{len(cases)} next products in later sessions: at least {MIN_CASES} are needed to measure", {}
    if len(cases) >= MIN_CASES:
        earlier = [basket for basket, is_later in zip(baskets, later, strict=True) if not is_later]
        note, metrics = "", evaluate(fit(starts[~later], earlier), cases)
    return TrainedModel(
        name=RECOMMENDER,
        model=fit(starts, baskets),
        metric=_METRIC,
        value=metrics.get(_METRIC),
        baseline=metrics.get(f"popularity_{_METRIC}"),
        metrics={**metrics, "sessions": len(baskets), "cases": len(cases)},
        params={
            "algorithm": "co_visitation",
            "max_distance": MAX_DISTANCE,
            "backward": BACKWARD,
            "alpha": ALPHA,
            "neighbours": _NEIGHBOURS,
            "popularity_half_life_days": _HALF_LIFE_DAYS,
            LEARNED_UNTIL: f"{starts.max()}Z",
        },
        note=note,
    )


def fit(starts: NDArray[np.datetime64], baskets: Sequence[Sequence[str]]) -> Recommender:
    """Fit on sessions: ``baskets[k]`` are the products of the session that began at ``starts[k]``, in order."""
    product_ids, products = np.unique(np.concatenate([np.asarray(basket) for basket in baskets]), return_inverse=True)
    sessions = np.repeat(np.arange(len(baskets)), [len(basket) for basket in baskets])
    visits = Visits(sessions, products.astype(np.int64), len(product_ids))
    popularity = sessions_with_product(visits, _recency(starts)).astype(np.float32)
    indptr, neighbours, scores = _best_neighbours(co_visitation(visits), _NEIGHBOURS)
    popular = np.lexsort((np.arange(len(product_ids)), -popularity)).astype(np.int32)
    return Recommender(RecommenderArrays(product_ids, indptr, neighbours, scores, popularity, popular))


def cases_of(baskets: Sequence[Sequence[str]]) -> list[Case]:
    """Return one case for every product of a session that was not seen in it before, but for the first."""
    cases: list[Case] = []
    for basket in baskets:
        distinct = list(dict.fromkeys(basket))
        cases.extend((distinct[:place][::-1], distinct[place]) for place in range(1, len(distinct)))
    return cases


def evaluate(model: Recommender, cases: Sequence[Case]) -> dict[str, float]:
    """Return Recall@20 and MRR@20 of the model, and of popularity alone beside them."""
    metrics: dict[str, float] = {}
    for prefix, uses_context in (("", True), ("popularity_", False)):
        positions = [_position(model, case, uses_context) for case in cases]
        metrics[f"{prefix}{_METRIC}"] = recall_at(positions, _TOP)
        metrics[f"{prefix}mrr_at_{_TOP}"] = mrr_at(positions, _TOP)
    return metrics


def _position(model: Recommender, case: Case, uses_context: bool) -> int | None:
    seen, target = case
    ranked = model.recommend(seen if uses_context else (), _TOP, exclude=seen)
    places = (place for place, product in enumerate(ranked, start=1) if product.product_id == target)
    return next(places, None)


def sessions_with_products(sessions: pa.Table) -> tuple[NDArray[np.datetime64], list[list[str]]]:
    """Return starts and products of people's sessions that have any, by start and id: a table's order is arbitrary."""
    of_people = sessions.select(COLUMNS).filter(pc.invert(pc.fill_null(sessions["is_bot"], fill_value=False)))
    ordered = of_people.sort_by([("started_at", "ascending"), ("session_id", "ascending")])
    starts, baskets = ordered["started_at"].to_pylist(), ordered["product_ids"].to_pylist()
    kept = [(start, basket) for start, basket in zip(starts, baskets, strict=True) if basket]
    times = np.array([start.replace(tzinfo=None) for start, _ in kept], dtype="datetime64[us]")
    return times, [basket for _, basket in kept]


def sample(cases: Sequence[AnyCase], most: int) -> list[AnyCase]:
    """Return at most ``most`` of the cases, the same ones each time, in their order."""
    if len(cases) <= most:
        return list(cases)
    chosen = np.random.default_rng(_SEED).choice(len(cases), most, replace=False)
    return [cases[place] for place in np.sort(chosen)]


def _recency(starts: NDArray[np.datetime64]) -> NDArray[np.float64]:
    """Return a weight per session: 1 for the newest, half of that for each ``_HALF_LIFE_DAYS`` of age."""
    age_days = (starts.max() - starts) / np.timedelta64(1, "D")
    weights: NDArray[np.float64] = 0.5 ** (age_days / _HALF_LIFE_DAYS)
    return weights


def _best_neighbours(
    matrix: sparse.csr_array, count: int
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]]:
    """Return the ``count`` best of each row as CSR arrays, best first, equal ones by product."""
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    scores = matrix.data.astype(np.float32)
    order = np.lexsort((matrix.indices, -scores, rows))
    place_in_row = np.arange(len(rows)) - matrix.indptr[rows]
    kept = order[place_in_row < count]
    lengths = np.minimum(np.diff(matrix.indptr), count)
    indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return indptr, matrix.indices[kept].astype(np.int32), scores[kept]
