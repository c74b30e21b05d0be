"""The tables that batch builds: of each its contract, how its days are made from silver, and what makes them stale.

A new table is one more entry of ``BATCH_TABLES``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from batch_processing.basket_pairs import basket_pairs
from batch_processing.category_daily import EVENTS_UP_TO_DAYS, category_daily
from batch_processing.category_features import category_features
from batch_processing.customer_features import customer_features
from batch_processing.customer_product_matrix import EVENTS_OF_CUSTOMERS, customer_product_matrix
from batch_processing.customer_rfm import customer_rfm, last_true
from batch_processing.customer_visitors import customer_visitors
from batch_processing.days import end_of, last_moment
from batch_processing.funnel_daily import EVENTS_OF_PEOPLE, funnel_daily
from batch_processing.low_stock import SALES_WINDOW, low_stock
from batch_processing.product_activity_hourly import product_activity_hourly
from batch_processing.product_categories import product_categories
from batch_processing.product_daily import product_daily
from batch_processing.product_features import product_features
from batch_processing.recommendation_outcomes import EVENTS_OF_OUTCOMES, days_read_for, recommendation_outcomes
from batch_processing.session_training_rows import session_training_rows
from batch_processing.silver import Activity, Silver
from batch_processing.source_events import of_day, up_to_day
from batch_processing.store_daily import store_daily
from batch_processing.store_features import store_features
from batch_processing.transaction_lines import EVENTS_OF_SALES, transaction_lines
from batch_processing.visitor_features import visitor_features
from contracts.tables import (
    GOLD_BASKET_PAIRS,
    GOLD_CATEGORY_DAILY,
    GOLD_CATEGORY_FEATURES,
    GOLD_CUSTOMER_FEATURES,
    GOLD_CUSTOMER_PRODUCT_MATRIX,
    GOLD_CUSTOMER_RFM,
    GOLD_FUNNEL_DAILY,
    GOLD_LOW_STOCK,
    GOLD_PRODUCT_ACTIVITY_HOURLY,
    GOLD_PRODUCT_DAILY,
    GOLD_PRODUCT_FEATURES,
    GOLD_RECOMMENDATION_OUTCOMES,
    GOLD_SESSION_TRAINING_ROWS,
    GOLD_STORE_DAILY,
    GOLD_STORE_FEATURES,
    GOLD_VISITOR_FEATURES,
    SILVER_CUSTOMER_VISITORS,
    SILVER_PRODUCT_CATEGORIES,
    SILVER_TRANSACTION_LINES,
    Table,
)
from data_lake.sql import Rows

# How far back a table as of a day looks for one to go on from.
_MONTH = timedelta(days=31)
# Returns a table's rows of the days.
Build = Callable[[Silver, Sequence[date]], pa.Table]


@dataclass(frozen=True)
class BatchTable:
    """A table whose days are built on their own: rows of a day by its ``date``, or by the ``as_of`` at its end.

    ``sources`` is SQL for ``Silver.counted``: the ``source_events`` that each ``date`` should be built from; None for a
    table as of a day, of which only the latest can be stale. ``needs`` is a batch table that it is made from as well.
    """

    contract: Table
    build: Build
    sources: str | None = None
    needs: BatchTable | None = None

    @property
    def is_as_of(self) -> bool:
        """Say whether a day's rows are made from all the days up to it."""
        return self.sources is None

    def condition(self, days: Sequence[date]) -> str:
        """Return the SQL condition for the rows of the days."""
        column, values = ("as_of", [end_of(day) for day in days]) if self.is_as_of else ("date", days)
        return f"{column} IN ({', '.join(repr(value.isoformat()) for value in values)})"


def _of_days(table: Callable[[Rows, Rows], pa.Table]) -> Build:
    return lambda silver, days: table(*silver.of_days(days))


def _activity_of_days(table: Callable[[Activity], pa.Table]) -> Build:
    return lambda silver, days: table(silver.activity_of(days))


def _customer_features(silver: Silver, days: Sequence[date]) -> pa.Table:
    last = max(days)
    sessions, lines = silver.sessions_up_to(last), silver.transaction_lines(last)
    return customer_features(silver.up_to(last), lines, sessions, [end_of(day) for day in days])


def _customer_rfm(silver: Silver, days: Sequence[date]) -> pa.Table:
    deals, first = silver.counted(of_day("deals_of_customers")), end_of(min(days))
    since = last_true(silver.customer_rfm([(first - _MONTH, last_moment(min(days)))]), deals)
    known = silver.customer_rfm([(since, since)] if since else [])
    events = silver.up_to(max(days), since)
    return customer_rfm(*events, known, deals, [end_of(day) for day in days])


def _product_features(silver: Silver, days: Sequence[date]) -> pa.Table:
    activity, inventory_events = silver.activity_up_to(max(days)), silver.feeds_of(days).inventory_events
    reviews = silver.review_events(max(days))
    return product_features(activity, inventory_events, reviews, [end_of(day) for day in days])


def _category_features(silver: Silver, days: Sequence[date]) -> pa.Table:
    return category_features(_product_features(silver, days))


def _store_features(silver: Silver, days: Sequence[date]) -> pa.Table:
    _, pos_events = silver.up_to(max(days))
    return store_features(pos_events, [end_of(day) for day in days])


def _customer_visitors(silver: Silver, days: Sequence[date]) -> pa.Table:
    clickstream_events, _ = silver.of_days(days)
    return customer_visitors(clickstream_events)


def _customer_product_matrix(silver: Silver, days: Sequence[date]) -> pa.Table:
    owners = silver.customer_visitors(max(days))
    return customer_product_matrix(silver.activity_of(days), owners, silver.counted(EVENTS_OF_CUSTOMERS))


def _transaction_lines(silver: Silver, days: Sequence[date]) -> pa.Table:
    return transaction_lines(silver.of_days(days), silver.feeds_of(days), silver.counted(EVENTS_OF_SALES))


def _low_stock(silver: Silver, days: Sequence[date]) -> pa.Table:
    inventory_events = silver.feeds_of(days).inventory_events
    return low_stock(silver.ending_with(days, SALES_WINDOW), inventory_events, [end_of(day) for day in days])


def _store_daily(silver: Silver, days: Sequence[date]) -> pa.Table:
    _, pos_events = silver.of_days(days)
    return store_daily(pos_events)


def _category_daily(silver: Silver, days: Sequence[date]) -> pa.Table:
    categories = silver.product_categories(max(days))
    return category_daily(silver.activity_of(days), categories, silver.counted(EVENTS_UP_TO_DAYS))


def _funnel_daily(silver: Silver, days: Sequence[date]) -> pa.Table:
    sessions, events = silver.sessions_of(days)
    return funnel_daily(sessions, events, silver.counted(EVENTS_OF_PEOPLE))


def _session_training_rows(silver: Silver, days: Sequence[date]) -> pa.Table:
    _, events = silver.sessions_of(days)
    return session_training_rows(silver.sessions_up_to(max(days)), events, _counted(silver, _SESSION_EVENTS, days))


def _visitor_features(silver: Silver, days: Sequence[date]) -> pa.Table:
    return visitor_features(silver.sessions_up_to(max(days)), _counted(silver, _SESSION_EVENTS, days))


def _recommendation_outcomes(silver: Silver, days: Sequence[date]) -> pa.Table:
    activity = silver.activity_of(days_read_for(days))
    counted = _counted(silver, EVENTS_OF_OUTCOMES, days)
    return recommendation_outcomes(activity.clickstream_events, activity.bot_sessions, counted)


def _counted(silver: Silver, sql: str, days: Sequence[date]) -> pa.Table:
    return silver.counted(sql).filter(pc.field("date").isin(list(days)))


_PRODUCT_FACTS, _SESSION_EVENTS = of_day("product_facts"), up_to_day("session_events")
_PRODUCT_CATEGORIES = BatchTable(
    SILVER_PRODUCT_CATEGORIES, _activity_of_days(product_categories), of_day("facts_with_category")
)
_CUSTOMER_VISITORS = BatchTable(SILVER_CUSTOMER_VISITORS, _customer_visitors, of_day("customer_sightings"))
_TRANSACTION_LINES = BatchTable(SILVER_TRANSACTION_LINES, _transaction_lines, EVENTS_OF_SALES)

BATCH_TABLES = (
    _PRODUCT_CATEGORIES,
    _CUSTOMER_VISITORS,
    _TRANSACTION_LINES,
    BatchTable(GOLD_PRODUCT_DAILY, _activity_of_days(product_daily), _PRODUCT_FACTS),
    BatchTable(GOLD_PRODUCT_ACTIVITY_HOURLY, _activity_of_days(product_activity_hourly), _PRODUCT_FACTS),
    BatchTable(GOLD_CATEGORY_DAILY, _category_daily, EVENTS_UP_TO_DAYS, needs=_PRODUCT_CATEGORIES),
    BatchTable(GOLD_FUNNEL_DAILY, _funnel_daily, EVENTS_OF_PEOPLE),
    BatchTable(GOLD_SESSION_TRAINING_ROWS, _session_training_rows, _SESSION_EVENTS),
    BatchTable(GOLD_VISITOR_FEATURES, _visitor_features, _SESSION_EVENTS),
    BatchTable(GOLD_BASKET_PAIRS, _of_days(basket_pairs), of_day("baskets")),
    BatchTable(GOLD_RECOMMENDATION_OUTCOMES, _recommendation_outcomes, EVENTS_OF_OUTCOMES),
    BatchTable(GOLD_STORE_DAILY, _store_daily, of_day("till_events")),
    BatchTable(GOLD_CUSTOMER_PRODUCT_MATRIX, _customer_product_matrix, EVENTS_OF_CUSTOMERS, needs=_CUSTOMER_VISITORS),
    BatchTable(GOLD_CUSTOMER_FEATURES, _customer_features, needs=_TRANSACTION_LINES),
    BatchTable(GOLD_CUSTOMER_RFM, _customer_rfm),
    BatchTable(GOLD_PRODUCT_FEATURES, _product_features),
    BatchTable(GOLD_CATEGORY_FEATURES, _category_features),
    BatchTable(GOLD_STORE_FEATURES, _store_features),
    BatchTable(GOLD_LOW_STOCK, _low_stock),
)
