"""The last place of a page, for a product that nobody has touched yet."""

from __future__ import annotations

from collections.abc import Sequence

from ml_modeling.recommender import RankedProduct
from model_serving.arranging import has_room_for
from model_serving.asked import Asked
from model_serving.serving import Serving


def with_newcomer(
    page: list[RankedProduct], asked: Asked, seen: Sequence[str], serving: Serving
) -> list[RankedProduct]:
    """Give the last place to a newcomer that suits who saw ``seen`` (latest first), if any, and count all showings."""
    others = page[: asked.wanted.limit - 1]
    newcomer = _newcomer(page, others, asked, seen, serving) if asked.has_newcomer else None
    shown = page if newcomer is None else [*others, newcomer]
    for product in shown:
        serving.window.showed(product.product_id)
    return shown


def _newcomer(
    page: list[RankedProduct], others: list[RankedProduct], asked: Asked, seen: Sequence[str], serving: Serving
) -> RankedProduct | None:
    wanted = asked.wanted
    listed = [product.product_id for product in page]
    newcomer = serving.window.newcomer(seen, [*listed, *wanted.exclude, *seen])
    if newcomer is None:
        return None
    brand = serving.window.brand(newcomer.product_id)
    return newcomer if has_room_for(brand, others, wanted.max_per_brand, serving.products) else None
