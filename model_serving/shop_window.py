"""Where visitors and products without history meet: the first list of a shop without a model, and its newcomers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import islice
from time import monotonic

from ml_modeling.recommender import CATALOGUE, NEWCOMER, RankedProduct, Recommends
from ml_modeling.recommending.newcomers import NOBODY, Newcomers
from ml_modeling.recommending.product_facts import ProductFacts
from model_serving.listing import Listing

# The products that were listed last: bounds what a request looks through.
_NEWEST = 1_000
# After a change was taken over, the next one waits for so many times as long: 20,000 products take ten seconds.
_RESTS = 20

FirstList = Callable[[Mapping[str, ProductFacts]], Sequence[str]]


class ShopWindow:
    """What a listing means for the model in use. ``refresh`` is called by one thread, the rest by any.

    ``first_list`` orders products of which nobody has seen any.
    """

    def __init__(
        self,
        listing: Listing,
        model: Callable[[], Recommends | None],
        first_list: FirstList,
        now_s: Callable[[], float] = monotonic,
    ) -> None:
        self._listing = listing
        self._model = model
        self._first_list = first_list
        self._now_s = now_s
        self._learned: Recommends | None = None
        self._is_stale = False
        self._resting_until_s = 0.0
        self._newcomers = NOBODY
        self._shown: dict[str, int] = {}
        self._first: Sequence[str] = ()

    def refresh(self) -> None:
        """Take over a model that has come into use, and what the listing took, unless that was done just now."""
        model, started_s = self._model(), self._now_s()
        self._is_stale = self._listing.take_change() or self._is_stale
        is_due = self._is_stale and started_s >= self._resting_until_s
        if not is_due and model is self._learned:
            return
        self._learned, self._is_stale = model, False
        if model is None:
            self._first = self._first_list(self._listing.available)
        else:
            self._newcomers = self._newcomers_of(model)
        ended_s = self._now_s()
        self._resting_until_s = ended_s + _RESTS * (ended_s - started_s)

    def first(self, limit: int, exclude: Collection[str] = ()) -> list[RankedProduct]:
        """Return at most ``limit`` products for a shop without a model, best first; 1 over its place scores."""
        open_ = (each for each in self._first if each not in exclude and self._listing.facts(each))
        return [RankedProduct(each, 1 / place, CATALOGUE) for place, each in enumerate(islice(open_, limit), start=1)]

    def newcomer(self, recent: Sequence[str], barred: Collection[str]) -> RankedProduct | None:
        """Return what nobody has touched yet and suits somebody who saw ``recent`` (latest first), if there is any."""
        chosen = self._newcomers.choose(recent, barred)
        if chosen is None or self._listing.facts(chosen) is None:
            return None
        return RankedProduct(chosen, 0.0, NEWCOMER)

    def brand(self, product_id: str) -> str | None:
        """Return the brand of a product that can be sold, as far as it is known."""
        facts = self._listing.facts(product_id)
        return facts.brand if facts else None

    def showed(self, product_id: str) -> None:
        """Count that a newcomer was shown."""
        self._newcomers.showed(product_id)

    def _newcomers_of(self, model: Recommends) -> Newcomers:
        """Return the newcomers among the newest products, shown as often as they were."""
        self._shown |= self._newcomers.shown
        newest = islice(reversed(self._listing.available.items()), _NEWEST)
        newcomers = model.newcomers(dict(newest))
        for product_id in newcomers.shown:
            newcomers.showed(product_id, self._shown.get(product_id, 0))
        return newcomers
