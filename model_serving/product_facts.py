"""What the shop's rules and a request's filters ask of a product: brand, category, price, stock, whether it is sold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any, Protocol

from model_serving.kept_reads import KeptReads

# The features of a product that are asked for.
FACTS = ("brand", "category", "unit_price", "quantity_on_hand", "is_active")
_MOST_KEPT = 100_000


class ProductReader(Protocol):
    """Reads ``FACTS`` by product."""

    def read(self, ids: Sequence[str]) -> list[dict[str, Any]]:
        """Return the features of each id, those that are known; raises ``OnlineStoreUnavailableError``."""
        ...


@dataclass(frozen=True)
class ProductFacts:
    """One product, as far as it is known: one of which nothing is known may be shown, but passes no filter.

    Where no stock was reported it is neither ``is_sold_out`` nor ``is_in_stock``.
    """

    brand: str | None = None
    category: str | None = None
    unit_price: float | None = None
    is_sold_out: bool = False
    is_in_stock: bool = False
    is_hidden: bool = False


class FactsByProduct(Protocol):
    """The facts of products."""

    def of(self, ids: Sequence[str]) -> dict[str, ProductFacts]:
        """Return what is known of each."""
        ...


class KnownProducts(KeptReads[ProductFacts]):
    """The facts of products."""

    def __init__(self, reader: ProductReader, now_s: Callable[[], float] = monotonic) -> None:
        super().__init__(lambda ids: [_facts(row) for row in reader.read(ids)], ProductFacts(), _MOST_KEPT, now_s)


def _facts(row: dict[str, Any]) -> ProductFacts:
    quantity = row.get("quantity_on_hand")
    return ProductFacts(
        brand=row.get("brand"),
        category=row.get("category"),
        unit_price=row.get("unit_price"),
        is_sold_out=quantity is not None and quantity <= 0,
        is_in_stock=quantity is not None and quantity > 0,
        is_hidden=row.get("is_active") is False,
    )
