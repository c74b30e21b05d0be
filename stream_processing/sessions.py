"""``silver.sessions``: activity of one visitor with no gap over 30 minutes."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as sf

from contracts.tables import SILVER_SESSIONS

_LONGEST_GAP_US = 30 * 60 * 1_000_000
_NO_ACTIVITY = "recommendations_shown"
_MONEY_SUM = "decimal(38,4)"
_WITH_PRODUCT = ("product_viewed", "product_added_to_cart", "recommendation_clicked")

BY_TIME = ("occurred_at", "event_id")


def is_activity() -> Column:
    """Return whether an event belongs to a session: what the shop shows by itself does not."""
    return sf.col("event_type") != _NO_ACTIVITY


def is_type(event_type: str) -> Column:
    """Return 1 for events of that type, else 0."""
    return (sf.col("event_type") == event_type).cast("int")


def sessionized(events: DataFrame) -> DataFrame:
    """Add ``session_number`` (from 1 for each visitor) and ``session_id`` to the activity among ``events``.

    ``events`` must hold everything of each visitor in it: a late event can join two sessions or move a start, and
    the ids follow. Order is by ``occurred_at``, then ``event_id``.
    """
    by_visitor = Window.partitionBy("visitor_id").orderBy(*BY_TIME)
    in_session = Window.partitionBy("visitor_id", "session_number").orderBy(*BY_TIME)
    gap = sf.unix_micros("occurred_at") - sf.lag(sf.unix_micros("occurred_at")).over(by_visitor)
    starts = sf.coalesce(gap > _LONGEST_GAP_US, sf.lit(True)).cast("int")
    numbered = (
        events.where(is_activity())
        .withColumn("_starts", starts)
        .withColumn("session_number", sf.sum("_starts").over(by_visitor).cast("int"))
    )
    # No event id holds a bar, so two visitors cannot share a session id.
    identity = sf.concat_ws("|", "visitor_id", sf.first("event_id").over(in_session))
    return numbered.withColumn("session_id", sf.sha2(identity, 256)).drop("_starts")


def exact_sessions(events: DataFrame) -> DataFrame:
    """Return one row a session from ``sessionized`` events, its revenue not rounded yet (four places)."""
    in_order = sf.array_sort(sf.collect_list(sf.struct(*BY_TIME, _products().alias("products"))))
    return events.groupBy("visitor_id", "session_number", "session_id").agg(
        *(_last_seen(name) for name in ("customer_id", "device", "country")),
        sf.min("occurred_at").alias("started_at"),
        sf.max("occurred_at").alias("ended_at"),
        sf.count("*").cast("int").alias("event_count"),
        _count("product_viewed", "product_view_count"),
        _count("product_added_to_cart", "cart_add_count"),
        _count("product_removed_from_cart", "cart_remove_count"),
        _count("search_performed", "search_count"),
        _count("order_placed", "order_count"),
        sf.sum(sf.when(is_type("order_placed") == 1, lines_total())).alias("revenue"),
        sf.flatten(sf.transform(in_order, lambda event: event["products"])).alias("product_ids"),
    )


def sessions(exact: DataFrame) -> DataFrame:
    """Return the table's rows: ``exact_sessions`` with the revenue rounded, once."""
    revenue = sf.coalesce("revenue", sf.lit(0)).cast("decimal(38,2)")
    return exact.withColumn("revenue", revenue).select(*SILVER_SESSIONS.column_names)


def lines_total() -> Column:
    """Return quantity × unit price over an event's lines, exact to four places."""
    zero = sf.lit(0).cast(_MONEY_SUM)
    return sf.aggregate(
        "lines", zero, lambda total, line: (total + line["quantity"] * line["unit_price"]).cast(_MONEY_SUM)
    )


def _products() -> Column:
    """Return the products an event is about, in order: none for a page, one for a view, every line's for an order."""
    ordered = sf.when(sf.col("event_type") == "order_placed", sf.col("lines.product_id"))
    single = sf.when(sf.col("event_type").isin(*_WITH_PRODUCT), sf.array("product_id"))
    return sf.coalesce(ordered, single, sf.array().cast("array<string>"))


def _count(event_type: str, name: str) -> Column:
    return sf.sum(is_type(event_type)).cast("int").alias(name)


def _last_seen(name: str) -> Column:
    return sf.max_by(name, sf.when(sf.col(name).isNotNull(), sf.struct(*BY_TIME))).alias(name)
