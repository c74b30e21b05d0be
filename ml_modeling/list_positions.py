"""Where in a recommender's list the right product stands, ranked among all products."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ml_modeling.next_products import NextProducts
from ml_modeling.ranking_metrics import mrr_at, recall_at
from ml_modeling.recommender import RankedProduct, Recommends

TOP = 20
RECALL = f"recall_at_{TOP}"
MRR = f"mrr_at_{TOP}"
_FIRST = 10
NDCG = f"ndcg_at_{_FIRST}"

# One a case, from 1; None where the right product is not among the first TOP.
Positions = Sequence[int | None]


def positions_of(model: Recommends, cases: NextProducts, uses_context: bool = True) -> Positions:
    """Let ``model`` answer each case, from popularity alone unless it ``uses_context``."""
    return [
        _position(model.recommend(seen if uses_context else [], TOP, exclude=seen, past=past), right)
        for seen, past, right in zip(cases.seen, cases.past, cases.right, strict=True)
    ]


def metrics_of(positions: Positions, prefix: str = "") -> dict[str, float]:
    """Return Recall, MRR and NDCG by their names."""
    return {
        f"{prefix}{RECALL}": recall_at(positions, TOP),
        f"{prefix}{MRR}": mrr_at(positions, TOP),
        f"{prefix}{NDCG}": float(gains(positions).mean()),
    }


def hits(positions: Positions) -> NDArray[np.float64]:
    """Return for each case 1 where the right product is in the list, else 0: their mean is the recall."""
    return np.array([position is not None for position in positions], dtype=np.float64)


def gains(positions: Positions) -> NDArray[np.float64]:
    """Return for each case 1 / log2(position + 1), 0 behind the tenth place: their mean is NDCG@10."""
    within = [position if position is not None and position <= _FIRST else np.inf for position in positions]
    return 1 / np.log2(np.array(within, dtype=np.float64) + 1)


def _position(ranked: Sequence[RankedProduct], right: str) -> int | None:
    places = (place for place, product in enumerate(ranked, start=1) if product.product_id == right)
    return next(places, None)
