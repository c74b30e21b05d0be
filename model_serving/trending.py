"""What is viewed most now: live counters of the products that the model calls popular, kept for some seconds.

    score = views of the last hour + views of the last 24 hours / 24

so that a quiet hour leaves the order of the day. Products that the model does not know yet do not trend.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from time import monotonic
from typing import Protocol

import numpy as np

from contracts.errors import OnlineStoreUnavailableError
from feature_store.live.reader import PRODUCT_FEATURES, Answer
from ml_modeling.recommender import RankedProduct
from model_serving.placements import Lead

_KEPT_S = 5.0
# Longer than the longest list by what filters may take out.
_LOOKED_AT = 1_000
_HOUR, _DAY = PRODUCT_FEATURES.index("views_1h"), PRODUCT_FEATURES.index("views_24h")
_NOBODY = ""


class LiveCounters(Protocol):
    """Reads live counters of products."""

    def read(self, visitor_id: str, product_ids: Sequence[str] = (), default: float | None = None) -> Answer:
        """Return them as they are now; raises ``OnlineStoreUnavailableError``."""
        ...


@dataclass(frozen=True)
class Trend:
    """The products that were viewed in the last 24 hours, most first, at a moment; None: the counters were away."""

    ranked: Sequence[RankedProduct] = ()
    at: datetime | None = None


class Trending:
    """The trend, read by one request every five seconds; the others take what was read before."""

    def __init__(self, counters: LiveCounters, now_s: Callable[[], float] = monotonic) -> None:
        self._counters = counters
        self._now_s = now_s
        self._reading = Lock()
        self._kept_until_s = 0.0
        self._trend = Trend()

    def now(self, popular: Callable[[int], list[str]]) -> Trend:
        """Return the trend; ``popular`` names at most so many products that may be in it."""
        if self._now_s() >= self._kept_until_s and self._reading.acquire(blocking=False):
            try:
                self._trend = self._read(popular(_LOOKED_AT))
                self._kept_until_s = self._now_s() + _KEPT_S
            finally:
                self._reading.release()
        return self._trend

    @property
    def kept(self) -> Trend | None:
        """The trend without ever waiting; None where it is to be read anew."""
        return self._trend if self._now_s() < self._kept_until_s else None

    def _read(self, product_ids: Sequence[str]) -> Trend:
        try:
            answer = self._counters.read(_NOBODY, product_ids, default=0.0)
        except OnlineStoreUnavailableError:
            return Trend()
        scores = answer.products.values[:, _HOUR] + answer.products.values[:, _DAY] / 24
        order = [row for row in np.argsort(-scores, kind="stable").tolist() if scores[row] > 0]
        ranked = [RankedProduct(product_ids[row], float(scores[row]), Lead.LIVE_VIEWS) for row in order]
        return Trend(ranked, answer.at)
