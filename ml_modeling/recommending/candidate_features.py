"""Which products are worth ranking for one session, and what the ranking is told of each."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ml_modeling.recommending.best_places import best_places
from ml_modeling.recommending.compiled import compiled
from ml_modeling.recommending.context import Context
from ml_modeling.recommending.gathering import LIST_COLUMNS, Gathered
from ml_modeling.recommending.product_statistics import STATISTICS
from ml_modeling.recommending.session_knn import KNN_COLUMNS
from ml_modeling.recommending.shop_features import SHOP_FEATURES

# To add a source: name its columns here, write them in a retrieval's ``gather``, and give it a weight in the blend.
# Columns that a source without data leaves at zero tell the ranking nothing and cost it nothing.
SOURCES = {
    "near": LIST_COLUMNS,
    "walk": LIST_COLUMNS,
    "next": LIST_COLUMNS,
    "knn": KNN_COLUMNS,
    "content": LIST_COLUMNS,
    "category": LIST_COLUMNS,
    "taste": ("sum",),
}
COLUMNS = tuple(f"{source}_{column}" for source, columns in SOURCES.items() for column in columns)
FIRST_COLUMN = {source: COLUMNS.index(f"{source}_sum") for source in SOURCES}
# The sources whose blended sums, each divided by its largest, choose the candidates, together with the root of the
# embedding's likelihood against its largest.
BLEND = {"near": 1.0, "walk": 2.0, "knn": 0.5, "content": 0.3, "category": 0.5, "taste": 0.5}
_BLENDED = np.array([FIRST_COLUMN[source] for source in BLEND])
_BLEND = np.array(list(BLEND.values()))
_BLEND_EMBEDDED = 1.0

SHARES = tuple(f"{source}_share" for source in BLEND)
EMBEDDED = ("embedded", "embedded_latest", "embedded_gap")
RANKS = (*(f"{source}_rank" for source in BLEND), "embedded_rank")
IN_SESSION = ("seen", "since", "place")
OF_SESSION = ("length", "distinct", "run")
FEATURES = (
    *COLUMNS,
    *SHARES,
    *EMBEDDED,
    *RANKS,
    *IN_SESSION,
    *STATISTICS,
    *OF_SESSION,
    *(f"latest_{name}" for name in STATISTICS),
    *SHOP_FEATURES,
)
_RANKED = np.array([FEATURES.index(name) for name in (*SHARES, "embedded")])
_FIRST_RANK = FEATURES.index(RANKS[0])
FIRST_OF_SHOP = FEATURES.index(SHOP_FEATURES[0])


class Candidates(NamedTuple):
    """``products`` (k) and their ``features`` (k × len(FEATURES), float32)."""

    products: NDArray[np.int32]
    features: NDArray[np.float32]


def chosen_candidates(
    context: Context, gathered: Gathered, embedded: NDArray[np.float32], popular: NDArray[np.int32], count: int
) -> NDArray[np.int32]:
    """Return the session's own products, latest first, and the best others, ``count`` in all.

    ``embedded``: the embedding's scores of what was found. ``popular`` products follow where too few were found.
    """
    best = gathered.products[best_places(_blended(gathered.rows, embedded), count)]
    return _chosen(context.products, best, gathered.places, popular, count)


def features_of(
    context: Context,
    gathered: Gathered,
    candidates: NDArray[np.int32],
    embedded: NDArray[np.float32],
    statistics: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Return the ``FEATURES`` of each candidate, those of the shop still zero.

    ``embedded`` (k × 2) are the embedding's scores of the candidates.
    """
    return _features(context, candidates, gathered, embedded, statistics, len(FEATURES))


@compiled
def _blended(rows: NDArray[np.float32], embedded: NDArray[np.float32]) -> NDArray[np.float64]:
    blended = np.zeros(len(rows))
    for which, column in enumerate(_BLENDED):
        largest = 0.0
        for row in rows:
            largest = max(largest, row[column])
        if largest > 0:
            for at, row in enumerate(rows):
                blended[at] += _BLEND[which] * row[column] / largest
    highest = embedded.max() if len(rows) else 0.0
    for at in range(len(rows)):
        blended[at] += _BLEND_EMBEDDED * np.exp((embedded[at] - highest) / 2)
    return blended


@compiled
def _chosen(
    own: NDArray[np.int32],
    best: NDArray[np.int32],
    places: NDArray[np.int32],
    popular: NDArray[np.int32],
    count: int,
) -> NDArray[np.int32]:
    chosen = np.empty(count, np.int32)
    taken = min(len(own), count)
    chosen[:taken] = own[:taken]
    for product in best:
        if taken == count:
            break
        if not np.any(own == product):
            chosen[taken] = product
            taken += 1
    for product in popular:
        if taken == count:
            break
        if places[product] < 0 and not np.any(own == product):
            chosen[taken] = product
            taken += 1
    return chosen[:taken]


@compiled
def _features(
    context: Context,
    candidates: NDArray[np.int32],
    gathered: Gathered,
    embedded: NDArray[np.float32],
    statistics: NDArray[np.float32],
    width: int,
) -> NDArray[np.float32]:
    features, columns = np.zeros((len(candidates), width), np.float32), gathered.columns
    own, in_session = len(context.products), _FIRST_RANK + len(_RANKED)
    of_product, of_session = in_session + 3, in_session + 3 + statistics.shape[1]
    highest = embedded[:, 0].max()
    for at, product in enumerate(candidates):
        row = features[at]
        if gathered.places[product] >= 0:
            row[: columns.shape[1]] = columns[gathered.places[product]]
        row[_FIRST_RANK - 3] = embedded[at, 0]
        row[_FIRST_RANK - 2] = embedded[at, 1]
        row[_FIRST_RANK - 1] = highest - embedded[at, 0]
        row[in_session], row[in_session + 1], row[in_session + 2] = 0.0, -1.0, -1.0
        if at < own:
            row[in_session], row[in_session + 1], row[in_session + 2] = context.seen[at], context.since[at], at
        row[of_product:of_session] = statistics[product]
        row[of_session], row[of_session + 1], row[of_session + 2] = context.length, own, context.run
        row[of_session + 3 : of_session + 3 + statistics.shape[1]] = statistics[context.products[0]]
    for which, column in enumerate(_BLENDED):
        features[:, columns.shape[1] + which] = features[:, column] / max(features[:, column].max(), 1e-30)
    for which, column in enumerate(_RANKED):
        if not np.any(features[:, column]):
            continue
        for rank, at in enumerate(np.argsort(-features[:, column], kind="mergesort")):
            features[at, _FIRST_RANK + which] = rank
    return features
