"""Which product comes next: affinity to the one just seen, the session's category, the persona's taste."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from data_sources.affinity import related_products
from data_sources.catalogue import Catalogue, Product
from data_sources.personas import Persona, taste
from data_sources.randomness import Sampler

RELATED_SHARE = 0.55  # of next products are related to the current one
FOCUS_SHARE = 0.33  # come from the session's category; the rest from all of the persona's interests
RECOMMENDED = 8


class Chooser:
    """Draws products for personas; all tables are computed once."""

    def __init__(self, seed: int, catalogue: Catalogue, personas: Sequence[Persona]) -> None:
        related = related_products(seed, catalogue)
        self._related = related
        self._by_relation = {
            product_id: Sampler(others, [1 / rank**0.5 for rank in range(1, len(others) + 1)])
            for product_id, others in related.items()
            if others
        }
        self._focus = {p.name: Sampler(tuple(p.category_weights), p.category_weights.values()) for p in personas}
        self._by_taste = {p.name: _taste_sampler(p, catalogue.products) for p in personas}
        self._by_shelf = {
            (p.name, category): _taste_sampler(p, products)
            for p in personas
            for category, products in catalogue.by_category.items()
        }
        best = sorted(catalogue.products, key=lambda product: -product.popularity)
        self._bestsellers = best[:RECOMMENDED]
        self._tastes = {p.name: {product: taste(p, product) for product in catalogue.products} for p in personas}
        self._recommended: dict[Product | None, tuple[Product, ...]] = {}

    def taste(self, persona: Persona, product: Product) -> float:
        """Return the taste, computed before."""
        return self._tastes[persona.name][product]

    def shares(self) -> dict[str, float]:
        """Return product id → its share of what all personas choose by taste and popularity."""
        shares = dict.fromkeys(self._related, 0.0)
        for tastes in self._tastes.values():
            weights = {product.product_id: taste * product.popularity for product, taste in tastes.items()}
            total = sum(weights.values()) * len(self._tastes)
            for product_id, weight in weights.items():
                shares[product_id] += weight / total
        return shares

    def focus(self, persona: Persona, rng: Random) -> str:
        """Return the category that a session is about."""
        return self._focus[persona.name].draw(rng)

    def any_product(self, persona: Persona, rng: Random) -> Product:
        """Return a product by taste and popularity."""
        return self._by_taste[persona.name].draw(rng)

    def next_product(self, persona: Persona, focus: str, current: Product | None, rng: Random) -> Product:
        """Return the product a visitor turns to after ``current``."""
        way = rng.random()
        if current is not None and way < RELATED_SHARE and current.product_id in self._by_relation:
            relation = self._by_relation[current.product_id]
            one, other = relation.draw(rng), relation.draw(rng)
            return one if self.taste(persona, one) >= self.taste(persona, other) else other
        shelf = self._by_shelf.get((persona.name, focus))
        if shelf is not None and way < RELATED_SHARE + FOCUS_SHARE:
            return shelf.draw(rng)
        return self.any_product(persona, rng)

    def recommended(self, current: Product | None) -> tuple[Product, ...]:
        """Return what the shop's own simple rule recommends: related products, then bestsellers."""
        if current not in self._recommended:
            related = self._related[current.product_id] if current is not None else ()
            listed = dict.fromkeys((*related[:RECOMMENDED], *self._bestsellers))
            self._recommended[current] = tuple(product for product in listed if product is not current)[:RECOMMENDED]
        return self._recommended[current]


def _taste_sampler(persona: Persona, products: Sequence[Product]) -> Sampler[Product]:
    return Sampler(products, [taste(persona, product) * product.popularity for product in products])
