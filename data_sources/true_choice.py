"""The chances behind ``Chooser.next_product``: what the best possible recommender of the simulated shop would know.

A session's category is hidden even from it: it is inferred from what the visitor has looked at, by Bayes' rule, from
the persona's interests. Clicks on the shop's own recommendations are left out: they are few.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from data_sources.affinity import related_products
from data_sources.catalogue import Catalogue
from data_sources.choosing import FOCUS_SHARE, RELATED_SHARE
from data_sources.personas import Persona, taste


class TrueChoice:
    """Chances over all products, in the catalogue's order."""

    def __init__(self, seed: int, catalogue: Catalogue, personas: Sequence[Persona]) -> None:
        products = catalogue.products
        self._places = {product.product_id: place for place, product in enumerate(products)}
        self._categories = sorted(catalogue.by_category)
        self._tastes = {p.name: np.array([taste(p, product) for product in products]) for p in personas}
        popularity = np.array([product.popularity for product in products])
        in_category = np.array([[product.category == name for product in products] for name in self._categories])
        liked = {name: tastes * popularity for name, tastes in self._tastes.items()}
        self._any = {name: weights / weights.sum() for name, weights in liked.items()}
        self._shelves = {name: _normalized(weights * in_category) for name, weights in liked.items()}
        self._interests = {p.name: np.array([p.category_weights[name] for name in self._categories]) for p in personas}
        self._related = {
            self._places[product_id]: np.array([self._places[other.product_id] for other in others])
            for product_id, others in related_products(seed, catalogue).items()
            if others
        }

    def next_chances(self, persona: str, seen: Sequence[str]) -> NDArray[np.float64]:
        """Return the chance of each product to be looked at next by a visitor who saw these, in order."""
        focus, current = self._interests[persona].copy(), None
        for product_id in seen:
            focus *= self._by_focus(persona, current)[:, self._places[product_id]]
            focus /= focus.sum()
            current = self._places[product_id]
        chances: NDArray[np.float64] = focus @ self._by_focus(persona, current)
        return chances

    def _by_focus(self, persona: str, current: int | None) -> NDArray[np.float64]:
        """Return the chances for each category that the session may be about."""
        related = None if current is None else self._related.get(current)
        shelf_share = RELATED_SHARE + FOCUS_SHARE if related is None else FOCUS_SHARE
        elsewhere = (1 - RELATED_SHARE - FOCUS_SHARE) * self._any[persona]
        by_focus: NDArray[np.float64] = shelf_share * self._shelves[persona] + elsewhere
        if related is not None:
            by_focus[:, related] += RELATED_SHARE * self._better_of_two(persona, related)
        return by_focus

    def _better_of_two(self, persona: str, related: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the chances of the related products where two are drawn and the one better liked is taken."""
        drawn = np.arange(1, len(related) + 1) ** -0.5
        drawn /= drawn.sum()
        tastes = self._tastes[persona][related]
        # Where both are liked alike, the first is taken: each pair falls to either half of the time.
        worse = (tastes[:, None] > tastes) @ drawn + (tastes[:, None] == tastes) @ drawn / 2
        chances: NDArray[np.float64] = 2 * drawn * worse
        return chances


def _normalized(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    shares: NDArray[np.float64] = weights / weights.sum(axis=1, keepdims=True)
    return shares
