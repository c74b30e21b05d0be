"""What the reader answers, by the names of the views in ``feature_store.definitions``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from feature_store.live.reader import PRODUCT_FEATURES, Answer, Features, LiveFeatures

PRODUCT_ACTIVITY = "product_activity"
# The contract wants an id to have a character.
_NOBODY = ""


def visitor_views(answer: Answer) -> dict[str, Features]:
    """Return the features of each view of a visitor."""
    return {"visitor_features": answer.life, "visitor_activity": answer.visitor, "session_features": answer.session}


def read_view(live: LiveFeatures, view: str, ids: Sequence[str]) -> list[tuple[datetime, Features]]:
    """Read one view of visitors or products in one round trip; return the moment and the features of each id.

    Raises ``OnlineStoreUnavailableError``.
    """
    if view != PRODUCT_ACTIVITY:
        return [(answer.at, visitor_views(answer)[view]) for answer in live.read_each(ids)]
    answer = live.read(_NOBODY, ids)
    return [(answer.at, product_activity(answer, row)) for row in range(len(ids))]


def product_activity(answer: Answer, row: int) -> Features:
    """Return the counters of one of an answer's products."""
    products = answer.products
    values = dict(zip(PRODUCT_FEATURES, products.values[row].tolist(), strict=True))
    return Features(values, products.presence[row], products.age(row))
