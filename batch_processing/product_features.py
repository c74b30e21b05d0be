"""gold.product_features: each product's last price and its demand up to the end of a day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from batch_processing.as_of import before_each, within_days
from batch_processing.money import amount, total
from batch_processing.product_facts import ADDED, SOLD, VIEWED, product_facts
from contracts.tables import GOLD_PRODUCT_FEATURES


def product_features(clickstream_events: DataFrame, pos_events: DataFrame, as_ofs: Sequence[datetime]) -> DataFrame:
    """Return one row per product ever seen before ``as_of``; windows are whole days back from ``as_of``."""
    facts = before_each(as_ofs, product_facts(clickstream_events, pos_events))
    features = facts.groupBy("product_id", "as_of").agg(*_last_seen(), *_demand())
    conversion = F.try_divide(F.col("orders_30d"), F.col("views_30d")).alias("conversion_ratio_30d")
    return features.select("*", conversion).select(*GOLD_PRODUCT_FEATURES.column_names)


def _last_seen() -> list[Column]:
    """Return the latest known value of each; the event id decides between events of one instant."""
    return [
        F.max_by(name, F.when(F.col(name).isNotNull(), F.struct("occurred_at", "event_id", name))).alias(name)
        for name in ("category", "brand", "unit_price")
    ]


def _demand() -> list[Column]:
    event_type, month = F.col("event_type"), within_days(30)
    viewed, sold = event_type == VIEWED, event_type.isin(*SOLD) & month
    return [
        *(F.count_if(viewed & within_days(days)).alias(f"views_{days}d") for days in (1, 7, 30)),
        F.count_if((event_type == ADDED) & month).alias("cart_adds_30d"),
        F.count_distinct(F.when(sold, F.col("event_id"))).alias("orders_30d"),
        F.coalesce(F.sum(F.when(sold, F.col("quantity"))), F.lit(0)).alias("units_sold_30d"),
        total(F.when(sold, amount())).alias("revenue_30d"),
    ]
