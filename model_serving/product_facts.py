"""What the shop's rules ask of a product: brand, stock, whether it is sold at all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any, Protocol

from contracts.errors import OnlineStoreUnavailableError

# The features of a product that the rules ask for.
FACTS = ("brand", "quantity_on_hand", "is_active")
# The batch makes these features once a day, so a minute makes no answer older, and spares most requests the read.
_KEPT_S = 60.0
_MOST_KEPT = 100_000
# An outage costs one request a second its time-out, and not every request.
_REST_S = 1.0


class ProductReader(Protocol):
    """Reads ``FACTS`` by product."""

    def read(self, ids: Sequence[str]) -> list[dict[str, Any]]:
        """Return the features of each id, those that are known; raises ``OnlineStoreUnavailableError``."""
        ...


@dataclass(frozen=True)
class ProductFacts:
    """One product, as far as it is known: one of which nothing is known may be shown."""

    brand: str | None = None
    is_sold_out: bool = False
    is_hidden: bool = False


_NEVER_READ = (0.0, ProductFacts())


class KnownProducts:
    """Facts read online and kept for a minute; while the store is away, those that were read last."""

    def __init__(self, reader: ProductReader, now_s: Callable[[], float] = monotonic) -> None:
        self._reader = reader
        self._now_s = now_s
        self._resting_until_s = 0.0
        self._kept: dict[str, tuple[float, ProductFacts]] = {}

    def of(self, product_ids: Sequence[str]) -> dict[str, ProductFacts]:
        """Return the facts of each product, by its id."""
        now_s, kept = self._now_s(), self._kept
        aged = [each for each in product_ids if kept.get(each, _NEVER_READ)[0] <= now_s]
        if aged and now_s >= self._resting_until_s:
            self._read(aged, now_s)
            kept = self._kept
        return {each: kept.get(each, _NEVER_READ)[1] for each in product_ids}

    def _read(self, product_ids: Sequence[str], now_s: float) -> None:
        try:
            rows = self._reader.read(product_ids)
        except OnlineStoreUnavailableError:
            self._resting_until_s = now_s + _REST_S
            return
        if len(self._kept) > _MOST_KEPT:
            self._kept = {}
        for product_id, row in zip(product_ids, rows, strict=True):
            self._kept[product_id] = now_s + _KEPT_S, _facts(row)


def _facts(row: dict[str, Any]) -> ProductFacts:
    quantity = row.get("quantity_on_hand")
    is_sold_out = quantity is not None and quantity <= 0
    return ProductFacts(row.get("brand"), is_sold_out, is_hidden=row.get("is_active") is False)
