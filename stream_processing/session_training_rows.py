"""``gold.session_training_rows``: every event of a session with the features at that moment and what came after.

The one formula of the session features: the last row of a running session is what goes online.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window, WindowSpec
from pyspark.sql import functions as sf

from contracts.tables import GOLD_SESSION_TRAINING_ROWS, SESSION_FEATURE_NAMES
from stream_processing.sessions import BY_TIME, is_type

_VISITOR = ("visitor_id",)
_SESSION = ("visitor_id", "session_number")
_PRODUCT = ("visitor_id", "session_number", "product_id")


def session_training_rows(events: DataFrame) -> DataFrame:
    """Return the table's rows from ``sessionized`` events.

    Every feature looks at the session's events up to and with the row's own, ``is_known_customer`` and the
    ``prior_`` features at the visitor's whole past as well. ``distinct_product_count`` counts the products of
    views, cart changes and clicks. An event without a price takes the cart's last price of its product, else 0.
    """
    prepared = _prepared(events)
    return prepared.select(
        "session_id",
        _so_far(sf.count("*"), _SESSION).cast("int").alias("event_number"),
        "visitor_id",
        "event_id",
        "occurred_at",
        *(feature.alias(name) for name, feature in _features().items()),
        sf.max("occurred_at").over(Window.partitionBy(*_SESSION)).alias("ended_at"),
        (_all_orders() > _so_far(sf.sum("_order"), _SESSION)).alias("ordered_later"),
    ).select(*GOLD_SESSION_TRAINING_ROWS.column_names)


def latest_session_features(training_rows: DataFrame) -> DataFrame:
    """Return each visitor's last row: the features of the session that runs now, with ``event_timestamp``."""
    row = sf.struct("session_id", "visitor_id", sf.col("occurred_at").alias("event_timestamp"), *SESSION_FEATURE_NAMES)
    last = sf.max_by(row, sf.struct(*BY_TIME)).alias("last")
    return training_rows.groupBy("visitor_id").agg(last).select("last.*")


def _prepared(events: DataFrame) -> DataFrame:
    """Add what needs a look at the same product in the same session: the first sight of it, and its cart price."""
    added_price = sf.when(sf.col("event_type") == "product_added_to_cart", sf.col("unit_price"))
    cart_price = sf.last(added_price, ignorenulls=True).over(_up_to_here(_PRODUCT))
    first_sight = sf.col("product_id").isNotNull() & (sf.row_number().over(_ordered(_PRODUCT)) == 1)
    direction = is_type("product_added_to_cart") - is_type("product_removed_from_cart")
    amount = sf.col("quantity") * sf.coalesce("unit_price", cart_price, sf.lit(0)).cast("decimal(18,4)")
    return events.select(
        *("visitor_id", "session_number", "session_id", "event_id", "occurred_at", "event_type", "customer_id"),
        first_sight.cast("int").alias("_first_sight"),
        (direction * sf.coalesce(amount, sf.lit(0))).cast("decimal(38,4)").alias("_cart_change"),
        sf.when(sf.col("event_type") == "product_viewed", sf.col("unit_price")).alias("_viewed_price"),
        is_type("order_placed").alias("_order"),
    )


def _features() -> dict[str, Column]:
    earlier = sf.lag(sf.unix_micros("occurred_at")).over(_ordered(_SESSION))
    here = sf.unix_micros("occurred_at")
    start = _so_far(sf.min(here), _SESSION)
    viewed_prices = _so_far(sf.count("_viewed_price"), _SESSION)
    features = {
        "event_count": _so_far(sf.count("*"), _SESSION).cast("int"),
        "page_view_count": _count("page_viewed"),
        "product_view_count": _count("product_viewed"),
        "distinct_product_count": _so_far(sf.sum("_first_sight"), _SESSION).cast("int"),
        "search_count": _count("search_performed"),
        "cart_add_count": _count("product_added_to_cart"),
        "cart_remove_count": _count("product_removed_from_cart"),
        "checkout_count": _count("checkout_started"),
        "cart_value": sf.greatest(_so_far(sf.sum("_cart_change"), _SESSION), sf.lit(0)).cast("double"),
        "mean_viewed_price": _so_far(sf.sum("_viewed_price"), _SESSION).cast("double")
        / sf.nullif(viewed_prices, sf.lit(0)),
        "max_viewed_price": _so_far(sf.max("_viewed_price"), _SESSION).cast("double"),
        "duration_s": (here - start) / 1e6,
        "since_last_event_s": sf.coalesce((here - earlier) / 1e6, sf.lit(0.0)),
        "hour_of_day": sf.hour("occurred_at"),
        "day_of_week": sf.weekday("occurred_at") + 1,
        "is_known_customer": _so_far(sf.max(sf.col("customer_id").isNotNull().cast("int")), _VISITOR),
        "prior_session_count": sf.col("session_number") - 1,
        "prior_order_count": (_so_far(sf.sum("_order"), _VISITOR) - _so_far(sf.sum("_order"), _SESSION)).cast("int"),
    }
    return {name: features[name] for name in SESSION_FEATURE_NAMES}


def _all_orders() -> Column:
    return sf.sum("_order").over(Window.partitionBy(*_SESSION))


def _count(event_type: str) -> Column:
    return _so_far(sf.sum(is_type(event_type)), _SESSION).cast("int")


def _so_far(aggregate: Column, within: tuple[str, ...]) -> Column:
    return aggregate.over(_up_to_here(within))


def _up_to_here(within: tuple[str, ...]) -> WindowSpec:
    return _ordered(within).rowsBetween(Window.unboundedPreceding, Window.currentRow)


def _ordered(within: tuple[str, ...]) -> WindowSpec:
    return Window.partitionBy(*within).orderBy(*BY_TIME)
