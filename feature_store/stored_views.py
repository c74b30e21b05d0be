"""The views of a customer and a product that batch writes: how a request reads their rows from Redis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from contracts.tables import GOLD_CUSTOMER_FEATURES, GOLD_PRODUCT_FEATURES, Table
from feature_store.feast_format import feature_field, row_key, time_field, time_of, value_of
from feature_store.live.reader import Features, Presence


@dataclass(frozen=True)
class StoredView:
    """One view: its table, which names it, and its time to live."""

    table: Table
    ttl: timedelta

    @cached_property
    def name(self) -> str:
        """The name of the view."""
        return self.table.name.partition(".")[2]

    @cached_property
    def features(self) -> tuple[str, ...]:
        """The names of its features: the table's columns but for its key."""
        return tuple(name for name in self.table.column_names if name not in self.table.key)

    @cached_property
    def fields(self) -> list[bytes | str]:
        """The fields of a row's hash: its time, then its features."""
        return [time_field(self.name), *(feature_field(self.name, feature) for feature in self.features)]

    def row_key(self, entity_id: str) -> bytes:
        """Return the key of an entity's row."""
        return row_key(self.table.key[0], entity_id)

    def features_of(self, row: Sequence[bytes | None], now: datetime) -> Features:
        """Return the features in a row's ``fields``; none where there is no row or it is older than the TTL."""
        time, *values = row
        if time is None:
            return Features({}, Presence.MISSING, None)
        age = now - time_of(time)
        if age > self.ttl:
            return Features({}, Presence.EXPIRED, age)
        return Features(dict(zip(self.features, map(value_of, values), strict=True)), Presence.PRESENT, age)


CUSTOMER = StoredView(GOLD_CUSTOMER_FEATURES, timedelta(days=365))
PRODUCT = StoredView(GOLD_PRODUCT_FEATURES, timedelta(days=60))
