"""gold.product_daily: what happened to each product on each day."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from batch_processing.money import amount, total
from batch_processing.product_facts import ADDED, REMOVED, RETURNED, SOLD, VIEWED, product_facts
from contracts.tables import GOLD_PRODUCT_DAILY


def product_daily(clickstream_events: DataFrame, pos_events: DataFrame) -> DataFrame:
    """Return one row per product and day (UTC) of whole days of silver; days without a product have none."""
    counted = product_facts(clickstream_events, pos_events).groupBy(_date(), "product_id").agg(*_counts())
    events = source_events(clickstream_events, pos_events)
    return counted.join(F.broadcast(events), "date").select(*GOLD_PRODUCT_DAILY.column_names)


def source_events(clickstream_events: DataFrame, pos_events: DataFrame) -> DataFrame:
    """Return ``date`` and ``source_events``, the number of silver events of any kind on that day."""
    days = clickstream_events.select(_date()).unionByName(pos_events.select(_date()))
    return days.groupBy("date").agg(F.count("*").alias("source_events"))


def _counts() -> list[Column]:
    event_type = F.col("event_type")
    viewed, sold, returned = event_type == VIEWED, event_type.isin(*SOLD), event_type == RETURNED
    return [
        F.count_if(viewed).alias("views"),
        F.count_distinct(F.when(viewed, F.col("visitor_id"))).alias("viewers"),
        F.count_if(event_type == ADDED).alias("cart_adds"),
        F.count_if(event_type == REMOVED).alias("cart_removes"),
        F.count_distinct(F.when(sold, F.col("event_id"))).alias("orders"),
        _units(sold).alias("units_sold"),
        total(F.when(sold, amount())).alias("revenue"),
        _units(returned).alias("units_returned"),
        total(F.when(returned, amount())).alias("refunded"),
    ]


def _units(condition: Column) -> Column:
    return F.coalesce(F.sum(F.when(condition, F.col("quantity"))), F.lit(0))


def _date() -> Column:
    return F.to_date("occurred_at").alias("date")
