"""What the shop sells and has in stock now, by what it says: the newest event of a product or a place counts."""

from __future__ import annotations

from datetime import datetime

from contracts import Event
from ml_modeling.recommending.product_facts import ProductFacts

# When it was said, and what.
_Said = tuple[datetime, ProductFacts]
_Level = tuple[datetime, int]


class Listing:
    """Takes ``product_updated`` and ``stock_level_changed``, in any order. One thread writes, any may read."""

    def __init__(self) -> None:
        self._said: dict[str, _Said] = {}
        self._levels: dict[str, dict[str, _Level]] = {}
        self._available: dict[str, ProductFacts] = {}
        self._has_changed = False

    @property
    def available(self) -> dict[str, ProductFacts]:
        """Products that can be sold, by their ids, the one that came last at the end.

        What has no stock anywhere cannot; where no stock was ever reported, the shop does not count it.
        """
        return dict(self._available)

    def facts(self, product_id: str) -> ProductFacts | None:
        """Return what the shop says of a product that can be sold."""
        return self._available.get(product_id)

    def take(self, event: Event) -> None:
        """Take one valid event of the topic ``inventory``."""
        product_id, at = event["product_id"], datetime.fromisoformat(event["occurred_at"])
        if event["event_type"] == "product_updated":
            said = self._said.get(product_id)
            if said is None or said[0] <= at:
                self._said[product_id] = at, _facts_of(event)
        else:
            levels = self._levels.setdefault(product_id, {})
            level = levels.get(event["location_id"])
            if level is None or level[0] <= at:
                levels[event["location_id"]] = at, event["quantity_on_hand"]
        self._settle(product_id)

    def take_change(self) -> bool:
        """Say whether what is available changed since the last call."""
        has_changed, self._has_changed = self._has_changed, False
        return has_changed

    def _settle(self, product_id: str) -> None:
        before, now = self._available.get(product_id), self._now(product_id)
        if now == before:
            return
        self._has_changed = True
        if now is None:
            del self._available[product_id]
        else:
            self._available[product_id] = now

    def _now(self, product_id: str) -> ProductFacts | None:
        _, facts = self._said.get(product_id, (None, None))
        levels = self._levels.get(product_id)
        is_sold_out = levels is not None and sum(quantity for _, quantity in levels.values()) <= 0
        return None if facts is None or not facts.is_sold or is_sold_out else facts


def _facts_of(event: Event) -> ProductFacts:
    return ProductFacts(
        event["name"], event["category"], event.get("brand"), float(event["list_price"]), is_sold=event["is_active"]
    )
