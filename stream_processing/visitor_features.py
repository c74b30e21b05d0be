"""``gold.visitor_features``: what is known of a visitor as of the visitor's last event."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as sf

from contracts.tables import GOLD_VISITOR_FEATURES

_RECENT_PRODUCTS = 20


def visitor_features(exact_sessions: DataFrame) -> DataFrame:
    """Return the table's rows from all of the visitors' sessions (``sessions.exact_sessions``)."""
    in_order = sf.array_sort(sf.collect_list(sf.struct("session_number", "product_ids")))
    products = sf.flatten(sf.transform(in_order, lambda session: session["product_ids"]))
    recent = sf.slice(sf.array_distinct(sf.reverse(products)), 1, _RECENT_PRODUCTS)
    return (
        exact_sessions.groupBy("visitor_id")
        .agg(
            sf.max("ended_at").alias("occurred_at"),
            sf.max_by("customer_id", sf.when(sf.col("customer_id").isNotNull(), sf.col("session_number"))).alias(
                "customer_id"
            ),
            sf.max_by("session_id", "session_number").alias("session_id"),
            sf.max("session_number").alias("session_count"),
            *(_total(name) for name in ("event_count", "product_view_count", "cart_add_count", "order_count")),
            sf.coalesce(sf.sum("revenue"), sf.lit(0)).cast("decimal(38,2)").alias("revenue"),
            sf.min("started_at").alias("first_seen_at"),
            recent.alias("recent_product_ids"),
        )
        .select(*GOLD_VISITOR_FEATURES.column_names)
    )


def _total(name: str) -> Column:
    return sf.sum(name).cast("int").alias(name)
