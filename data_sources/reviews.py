"""Reviews: some purchases are rated days later, by how good the product is; some people rate without one."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping
from random import Random
from typing import Any, NamedTuple

from data_sources.catalogue import Catalogue, Product
from data_sources.randomness import Sampler, random_of
from data_sources.review_texts import review_text
from data_sources.steps import Numbers, Step
from data_sources.times import HOUR_MS

# Of lines bought by somebody with an account, how many are reviewed.
REVIEW_RATIOS: Mapping[str, float] = {"order_placed": 0.3, "pos_transaction_completed": 0.05}
RATING_SD = 0.8  # of one rating around what the product deserves
_AT_LEAST_MS = HOUR_MS
_MEDIAN_DELAY_MS = 60 * HOUR_MS
_DELAY_SD = 0.8  # of its logarithm


class _Plan(NamedTuple):
    """A review to come, by time; ``number`` tells apart those of one moment."""

    at_ms: int
    number: int
    product_id: str
    who: dict[str, Any]


class Reviews:
    """What is written about the products of one catalogue."""

    def __init__(self, seed: int, catalogue: Catalogue, numbers: Numbers, rng: Random) -> None:
        self._numbers, self._rng = numbers, rng
        self._products = {product.product_id: product for product in catalogue.products}
        self._by_popularity = Sampler(catalogue.products, [product.popularity for product in catalogue.products])
        self.deserved = {product.product_id: _deserved(seed, product) for product in catalogue.products}
        self._coming: list[_Plan] = []
        self._planned = 0

    def follow(self, trade: Iterable[Step], stranger_times: Iterator[int]) -> Iterator[Step]:
        """Yield the trade, reviews of what was bought in it, and at ``stranger_times`` those of strangers."""
        stranger_ms = next(stranger_times)
        for step in trade:
            while stranger_ms <= step.at_ms:
                product = self._by_popularity.draw(self._rng)
                self._plan(stranger_ms, product.product_id, {"is_verified": False})
                stranger_ms = next(stranger_times)
            while self._coming and self._coming[0][0] <= step.at_ms:
                yield self._written(heapq.heappop(self._coming))
            yield step
            if step.event_type in REVIEW_RATIOS and "customer_id" in step.fields:
                self._plan_for(step)

    def _plan_for(self, purchase: Step) -> None:
        fields, rng = purchase.fields, self._rng
        who: dict[str, Any] = {name: fields[name] for name in ("customer_id", "visitor_id") if name in fields}
        for line in fields["lines"]:
            if rng.random() < REVIEW_RATIOS[purchase.event_type]:
                delay_ms = _AT_LEAST_MS + int(_MEDIAN_DELAY_MS * rng.lognormvariate(0, _DELAY_SD))
                self._plan(purchase.at_ms + delay_ms, line["product_id"], {**who, "is_verified": True})

    def _plan(self, at_ms: int, product_id: str, who: dict[str, Any]) -> None:
        self._planned += 1
        heapq.heappush(self._coming, _Plan(at_ms, self._planned, product_id, who))

    def _written(self, plan: _Plan) -> Step:
        rating = min(5, max(1, round(self._rng.gauss(self.deserved[plan.product_id], RATING_SD))))
        title, text = review_text(rating, self._products[plan.product_id], self._rng)
        about = {"review_id": self._numbers.next("e"), "product_id": plan.product_id}
        said = {"rating": rating, "title": title, "text": text}
        return Step(plan.at_ms, "review_posted", {**about, **said, **plan.who})


def _deserved(seed: int, product: Product) -> float:
    """Return the mean of a product's ratings before they are cut to 1 to 5: most are good, a few are not."""
    return round(1 + 4 * random_of(seed, f"quality/{product.product_id}").betavariate(4, 1.6), 3)
