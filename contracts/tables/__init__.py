"""Table contracts: name, layer, grain, key and columns of every table in the lake. Types are Spark SQL types."""

from __future__ import annotations

from contracts.errors import UnknownNameError
from contracts.tables.bronze import BRONZE_CLICKSTREAM, BRONZE_POS, bronze_table
from contracts.tables.care import ERASED_FILES, PINNED_VERSIONS
from contracts.tables.features import (
    GOLD_CATEGORY_FEATURES,
    GOLD_CUSTOMER_FEATURES,
    GOLD_PRODUCT_FEATURES,
    GOLD_STORE_FEATURES,
)
from contracts.tables.gold import (
    GOLD_BASKET_PAIRS,
    GOLD_CATEGORY_DAILY,
    GOLD_CUSTOMER_PRODUCT_MATRIX,
    GOLD_CUSTOMER_RFM,
    GOLD_FUNNEL_DAILY,
    GOLD_LOW_STOCK,
    GOLD_PRODUCT_ACTIVITY_HOURLY,
    GOLD_PRODUCT_DAILY,
    GOLD_REVENUE_PER_MINUTE,
    GOLD_SESSION_TRAINING_ROWS,
    GOLD_STORE_DAILY,
    GOLD_VISITOR_FEATURES,
    SESSION_FEATURE_NAMES,
)
from contracts.tables.recommendations import GOLD_RECOMMENDATIONS
from contracts.tables.silver import (
    CHECKED_TABLES,
    EVENT_TABLES,
    SILVER_CLICKSTREAM_EVENTS,
    SILVER_COMPETITOR_PRICE_EVENTS,
    SILVER_CUSTOMER_VISITORS,
    SILVER_INVENTORY_EVENTS,
    SILVER_POS_EVENTS,
    SILVER_PRICE_EVENTS,
    SILVER_PROMOTION_EVENTS,
    SILVER_REJECTED_DECISIONS,
    SILVER_REJECTED_EVENTS,
    SILVER_REVIEW_EVENTS,
    SILVER_SESSIONS,
    SILVER_TRANSACTION_LINES,
    SILVER_WEATHER_EVENTS,
)
from contracts.tables.table import LINE, MONEY, TOTAL, Column, Table
from contracts.topics import TOPICS

__all__ = [
    "BRONZE_CLICKSTREAM",
    "BRONZE_POS",
    "CHECKED_TABLES",
    "ERASED_FILES",
    "EVENT_TABLES",
    "GOLD_BASKET_PAIRS",
    "GOLD_CATEGORY_DAILY",
    "GOLD_CATEGORY_FEATURES",
    "GOLD_CUSTOMER_FEATURES",
    "GOLD_CUSTOMER_PRODUCT_MATRIX",
    "GOLD_CUSTOMER_RFM",
    "GOLD_FUNNEL_DAILY",
    "GOLD_LOW_STOCK",
    "GOLD_PRODUCT_ACTIVITY_HOURLY",
    "GOLD_PRODUCT_DAILY",
    "GOLD_PRODUCT_FEATURES",
    "GOLD_RECOMMENDATIONS",
    "GOLD_REVENUE_PER_MINUTE",
    "GOLD_SESSION_TRAINING_ROWS",
    "GOLD_STORE_DAILY",
    "GOLD_STORE_FEATURES",
    "GOLD_VISITOR_FEATURES",
    "LINE",
    "MONEY",
    "PINNED_VERSIONS",
    "SESSION_FEATURE_NAMES",
    "SILVER_CLICKSTREAM_EVENTS",
    "SILVER_COMPETITOR_PRICE_EVENTS",
    "SILVER_CUSTOMER_VISITORS",
    "SILVER_INVENTORY_EVENTS",
    "SILVER_POS_EVENTS",
    "SILVER_PRICE_EVENTS",
    "SILVER_PROMOTION_EVENTS",
    "SILVER_REJECTED_DECISIONS",
    "SILVER_REJECTED_EVENTS",
    "SILVER_REVIEW_EVENTS",
    "SILVER_SESSIONS",
    "SILVER_TRANSACTION_LINES",
    "SILVER_WEATHER_EVENTS",
    "TABLES",
    "TOTAL",
    "Column",
    "Table",
    "bronze_table",
    "table_named",
]

TABLES: tuple[Table, ...] = (
    *(bronze_table(topic) for topic in TOPICS),
    *CHECKED_TABLES,
    SILVER_REJECTED_DECISIONS,
    SILVER_SESSIONS,
    SILVER_CUSTOMER_VISITORS,
    SILVER_TRANSACTION_LINES,
    GOLD_SESSION_TRAINING_ROWS,
    GOLD_VISITOR_FEATURES,
    GOLD_REVENUE_PER_MINUTE,
    GOLD_PRODUCT_DAILY,
    GOLD_PRODUCT_ACTIVITY_HOURLY,
    GOLD_CATEGORY_DAILY,
    GOLD_FUNNEL_DAILY,
    GOLD_BASKET_PAIRS,
    GOLD_STORE_DAILY,
    GOLD_CUSTOMER_PRODUCT_MATRIX,
    GOLD_CUSTOMER_FEATURES,
    GOLD_CUSTOMER_RFM,
    GOLD_PRODUCT_FEATURES,
    GOLD_CATEGORY_FEATURES,
    GOLD_STORE_FEATURES,
    GOLD_LOW_STOCK,
    GOLD_RECOMMENDATIONS,
)

_BY_NAME = {table.name: table for table in TABLES}


def table_named(name: str) -> Table:
    """Return the table called ``name`` (``layer.subject_grain``); raises ``UnknownNameError``."""
    try:
        return _BY_NAME[name]
    except KeyError:
        msg = f"unknown table {name!r}: expected one of {', '.join(_BY_NAME)}"
        raise UnknownNameError(msg) from None
