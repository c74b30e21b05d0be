"""What happened to products: the rows that both product tables are counted from."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

VIEWED = "product_viewed"
ADDED = "product_added_to_cart"
REMOVED = "product_removed_from_cart"
SOLD = ("order_placed", "pos_transaction_completed")
RETURNED = "pos_return_completed"

_ITEM = ("product_id", "quantity", "unit_price", "category", "brand")


def product_facts(clickstream_events: DataFrame, pos_events: DataFrame) -> DataFrame:
    """Return one row per view, cart change or line: the event's id, type, time and visitor, and the product's item.

    ``unit_price``, ``category`` and ``brand`` are null where the event does not say them; ``quantity`` is positive on
    returns too.
    """
    touched = clickstream_events.where(F.col("event_type").isin(VIEWED, ADDED, REMOVED)).select(*_event(), *_ITEM)
    ordered = clickstream_events.where(F.col("event_type") == "order_placed").select(*_event(), _line())
    traded = pos_events.withColumn("visitor_id", F.lit(None).cast("string")).select(*_event(), _line())
    return touched.unionByName(ordered.unionByName(traded).select(*_event(), *(f"line.{name}" for name in _ITEM)))


def _event() -> tuple[str, ...]:
    return ("event_id", "event_type", "occurred_at", "visitor_id")


def _line() -> Column:
    return F.explode("lines").alias("line")
