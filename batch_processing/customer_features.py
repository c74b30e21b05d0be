"""gold.customer_features: what each customer bought and returned up to the end of a day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from batch_processing.as_of import before_each, days_before
from batch_processing.money import exact_total, lines_amount, total
from batch_processing.product_facts import RETURNED, SOLD
from contracts.tables import GOLD_CUSTOMER_FEATURES


def customer_features(clickstream_events: DataFrame, pos_events: DataFrame, as_ofs: Sequence[datetime]) -> DataFrame:
    """Return one row per customer and ``as_of``, from orders, sales and returns before it that name the customer.

    Recency, tenure and means are null for a customer who only returned something.
    """
    deals = _deals(clickstream_events.where(F.col("event_type") == "order_placed")).unionByName(_deals(pos_events))
    features = before_each(as_ofs, deals).groupBy("customer_id", "as_of").agg(*_features())
    return features.select(*GOLD_CUSTOMER_FEATURES.column_names)


def _deals(events: DataFrame) -> DataFrame:
    """Return one row per order, sale or return of a known customer."""
    return events.where(F.col("customer_id").isNotNull()).select(
        "customer_id",
        "occurred_at",
        F.col("event_type").isin(*SOLD).alias("sold"),
        (F.col("event_type") == RETURNED).alias("returned"),
        F.aggregate("lines", F.lit(0).cast("bigint"), lambda units, line: units + line["quantity"]).alias("units"),
        lines_amount().alias("amount"),
        F.transform("lines", lambda line: line["product_id"]).alias("product_ids"),
    )


def _features() -> list[Column]:
    sold, bought = F.col("sold"), F.when(F.col("sold"), F.col("occurred_at"))
    revenue = exact_total(F.when(sold, F.col("amount"))).cast("double")
    orders, units = F.count_if(sold), F.coalesce(F.sum(F.when(sold, F.col("units"))), F.lit(0))
    products = F.flatten(F.collect_list(F.when(sold, F.col("product_ids"))))
    return [
        days_before(F.max(bought)).alias("recency_days"),
        days_before(F.min(bought)).alias("tenure_days"),
        orders.alias("order_count"),
        units.alias("unit_count"),
        total(F.when(sold, F.col("amount"))).alias("revenue"),
        F.try_divide(revenue, orders).alias("mean_order_value"),
        F.try_divide(revenue, units).alias("mean_unit_price"),
        F.size(F.array_distinct(products)).cast("bigint").alias("distinct_product_count"),
        F.count_if("returned").alias("return_count"),
        total(F.when(F.col("returned"), F.col("amount"))).alias("refunded"),
    ]
