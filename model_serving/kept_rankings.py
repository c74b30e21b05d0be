"""Rankings that are made once: for all threads of this server, and what is common for all servers."""

from __future__ import annotations

from collections.abc import Callable

from model_serving.latest_used import LatestUsed
from model_serving.metrics import ListCache
from model_serving.product_facts import FactsByProduct
from model_serving.ranking import Basis, Ranking
from model_serving.shared_rankings import SharedRankings
from model_serving.single_flight import SingleFlight

# A list of 20 takes 10 kB with its ranking, which the hot lists share.
_MOST_KEPT = 2_048


class KeptRankings:
    """Keeps rankings by all that they are made from, for as long as the facts of their products stay the same.

    One that lacks something because Redis was away is not kept.
    """

    def __init__(self, products: FactsByProduct, shared: SharedRankings, count: Callable[[ListCache], None]) -> None:
        self._products = products
        self._shared = shared
        self._count = count
        self._kept: LatestUsed[bytes, Ranking] = LatestUsed(_MOST_KEPT)
        self._flights: SingleFlight[Ranking] = SingleFlight(lambda: count(ListCache.WAITED))

    def of(self, basis: Basis, make: Callable[[], Ranking]) -> Ranking:
        """Return the ranking of a basis, the one that ``make`` returns or one that is equal to it."""
        key = basis.key
        kept = self._kept.get(key)
        if kept is not None and self._products.of(list(kept.facts)) == kept.facts:
            self._count(ListCache.KEPT)
            return kept
        return self._flights.once(key, lambda: self._new(key, basis, make))

    def _new(self, key: bytes, basis: Basis, make: Callable[[], Ranking]) -> Ranking:
        ranking = self._shared.find(key) if basis.is_common else None
        if ranking is not None:
            self._count(ListCache.SHARED)
            self._kept.put(key, ranking)
            return ranking
        ranking = make()
        self._count(ListCache.MADE)
        if ranking.may_be_kept:
            self._kept.put(key, ranking)
            if basis.is_common:
                self._shared.put(key, ranking)
        return ranking
