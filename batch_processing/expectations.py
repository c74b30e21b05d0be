"""What must hold for a day of a batch table before anything is made from it: Great Expectations on pandas."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc

from contracts.errors import QualityError
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
    GOLD_RECOMMENDATIONS,
    GOLD_SESSION_TRAINING_ROWS,
    GOLD_STORE_DAILY,
    GOLD_STORE_FEATURES,
    GOLD_VISITOR_FEATURES,
    SILVER_CUSTOMER_VISITORS,
    SILVER_PRODUCT_CATEGORIES,
    SILVER_TRANSACTION_LINES,
    Table,
)
from data_lake.arrow_lake import ArrowLake
from data_lake.sql import open_sql

if TYPE_CHECKING:
    import pandas as pd
    from great_expectations.expectations.expectation import Expectation

_VIEWED_AND_SOLD = [("viewers", "views"), ("orders", "units_sold")]
# Per table: columns of which the first is never greater than the second.
_AT_MOST = {
    SILVER_PRODUCT_CATEGORIES: [],
    SILVER_CUSTOMER_VISITORS: [("first_seen_at", "last_seen_at"), ("event_count", "source_events")],
    SILVER_TRANSACTION_LINES: [("weather_observed_at", "occurred_at")],
    GOLD_PRODUCT_DAILY: [*_VIEWED_AND_SOLD, ("orders", "source_events")],
    GOLD_PRODUCT_ACTIVITY_HOURLY: [*_VIEWED_AND_SOLD, ("returns", "units_returned"), ("orders", "source_events")],
    GOLD_CATEGORY_DAILY: [*_VIEWED_AND_SOLD, ("orders", "source_events")],
    GOLD_FUNNEL_DAILY: [(step, "sessions") for step in ("with_view", "with_cart", "with_checkout", "with_order")],
    GOLD_SESSION_TRAINING_ROWS: [("event_number", "event_count"), ("product_view_count", "event_count")],
    GOLD_VISITOR_FEATURES: [("session_count", "event_count"), ("event_count", "source_events")],
    GOLD_BASKET_PAIRS: [("baskets_together", "baskets_a"), ("baskets_together", "baskets_b")],
    GOLD_RECOMMENDATION_OUTCOMES: [("shown_at", "clicked_at"), ("orders", "units"), ("propensity", "position")],
    GOLD_STORE_DAILY: [("sales", "units_sold"), ("returns", "units_returned"), ("sales", "source_events")],
    GOLD_CUSTOMER_PRODUCT_MATRIX: [("orders", "units_sold"), ("orders", "source_events")],
    GOLD_CUSTOMER_FEATURES: [
        ("recency_days", "tenure_days"),
        ("order_count", "unit_count"),
        ("orders_30d", "orders_90d"),
        ("orders_90d", "order_count"),
        ("sessions_30d", "session_count"),
    ],
    GOLD_CUSTOMER_RFM: [],
    GOLD_PRODUCT_FEATURES: [("views_1d", "views_7d"), ("views_7d", "views_30d"), ("orders_30d", "units_sold_30d")],
    GOLD_CATEGORY_FEATURES: [("min_unit_price", "max_unit_price"), ("views_7d", "views_30d")],
    GOLD_STORE_FEATURES: [("days_since_sale", "age_days"), ("sales_7d", "sales_30d"), ("sales_30d", "units_sold_30d")],
    GOLD_LOW_STOCK: [("units_sold_7d", "units_sold_28d"), ("quantity_on_hand", "reorder_point")],
    GOLD_RECOMMENDATIONS: [],
}
# Columns that are unique together beside the key.
_UNIQUE = {GOLD_RECOMMENDATIONS: [["customer_id", "product_id"]]}
# Of these a day may hold nothing: no categories, closed stores, nobody who bought or is known, no visitor online,
# nothing shown, full shelves.
_MAY_BE_EMPTY = {
    SILVER_PRODUCT_CATEGORIES,
    SILVER_CUSTOMER_VISITORS,
    SILVER_TRANSACTION_LINES,
    GOLD_FUNNEL_DAILY,
    GOLD_SESSION_TRAINING_ROWS,
    GOLD_VISITOR_FEATURES,
    GOLD_BASKET_PAIRS,
    GOLD_RECOMMENDATION_OUTCOMES,
    GOLD_STORE_DAILY,
    GOLD_CUSTOMER_PRODUCT_MATRIX,
    GOLD_CUSTOMER_RFM,
    GOLD_STORE_FEATURES,
    GOLD_LOW_STOCK,
}
_MAY_BE_NEGATIVE = {"temperature_c", "discount_ratio", "mean_discount_ratio", "score"}
_SHOWN_ROWS = 3
_CUSTOMERS_CHECKED = 20_000
_SAMPLE = "FROM lists WHERE hash(customer_id) % $parts = 0"


def check_day(lake: ArrowLake, table: Table, day: date) -> tuple[int, int]:
    """Check a table's rows of one day; return how many rows met how many expectations.

    Raises ``QualityError`` naming every broken expectation and some of its rows, ``NotReadyError`` where the table
    was never made.
    """
    rows = rows_of_day(lake, table, day)
    return len(rows), _require(rows, table, f"{table.name} of {day}")


def check_customers(lake: ArrowLake, table: Table) -> tuple[int, int]:
    """Check a table of lists by customer, of a sample of customers; return how many they are, and the expectations.

    The sample is the same each time. Raises like ``check_day``.
    """
    lists = lake.scan(table)
    parts = 1 + lists.count_rows(filter=pc.field("rank") == 1) // _CUSTOMERS_CHECKED
    with open_sql(_SAMPLE, {"parts": parts}, lists=lists) as sample:
        rows: pd.DataFrame = sample.read_pandas()
    return rows["customer_id"].nunique(), _require(rows, table, table.name)


def rows_of_day(lake: ArrowLake, table: Table, day: date) -> pd.DataFrame:
    """Return the rows whose ``date`` is the day, or whose ``as_of`` is its end; decimals as numbers to compare."""
    end = datetime.combine(day + timedelta(days=1), time.min, UTC)
    where = pc.field("date") == day if "date" in table.column_names else pc.field("as_of") == end
    frame: pd.DataFrame = lake.read(table, where=where).to_pandas()
    numbers = [column.name for column in table.columns if column.type.startswith("decimal")]
    return frame.astype(dict.fromkeys(numbers, float))


def expectations_of(table: Table) -> list[Expectation]:
    """Return a table's suite: there are rows, the key is whole and unique, numbers are not below 0, and pairs fit."""
    # Imported here: it takes seconds, and building tables does not need it.
    import great_expectations.expectations as gxe  # noqa: PLC0415

    numbers = [
        column.name
        for column in table.columns
        if column.type.startswith(("bigint", "int", "double", "decimal")) and column.name not in _MAY_BE_NEGATIVE
    ]
    return [
        gxe.ExpectTableRowCountToBeBetween(min_value=0 if table in _MAY_BE_EMPTY else 1),
        *(gxe.ExpectColumnValuesToNotBeNull(column=name) for name in table.key),
        *(gxe.ExpectCompoundColumnsToBeUnique(column_list=each) for each in [list(table.key), *_UNIQUE.get(table, [])]),
        *(gxe.ExpectColumnValuesToBeBetween(column=name, min_value=0) for name in numbers),
        *(
            gxe.ExpectColumnPairValuesAToBeGreaterThanB(
                column_A=larger, column_B=smaller, or_equal=True, ignore_row_if="either_value_is_missing"
            )
            for smaller, larger in _AT_MOST[table]
        ),
    ]


def _require(rows: pd.DataFrame, table: Table, what: str) -> int:
    """Return how many expectations the rows meet, or raise ``QualityError``."""
    results = _validate(rows, table)
    broken = [_describe(result) for result in results if not result.success]
    if broken:
        msg = f"{what} breaks {len(broken)} of {len(results)} expectations: {'; '.join(broken)}"
        raise QualityError(msg)
    return len(results)


def _validate(rows: pd.DataFrame, table: Table) -> list[Any]:
    """Run the suite in memory: nothing is written, nothing is sent."""
    import great_expectations as gx  # noqa: PLC0415
    from great_expectations.data_context.types.base import ProgressBarsConfig  # noqa: PLC0415

    context = gx.get_context(mode="ephemeral")
    context.enable_analytics(enable=False)
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("lake").add_dataframe_asset(table.name)
    batch = asset.add_batch_definition_whole_dataframe("day").get_batch({"dataframe": rows})
    suite = gx.ExpectationSuite(table.name, expectations=expectations_of(table))
    result_format = {"result_format": "COMPLETE", "unexpected_index_column_names": list(table.key)}
    return list(batch.validate(suite, result_format=result_format).results)


def _describe(result: Any) -> str:
    """Return the expectation, its columns and limits, and some rows that broke it, by their key."""
    config = result.expectation_config
    arguments = {name: value for name, value in config.kwargs.items() if name != "batch_id"}
    shown = ", ".join(f"{name}={value}" for name, value in arguments.items())
    rows = result.result.get("unexpected_index_list") or []
    if rows:
        examples = " and ".join(_row(row) for row in rows[:_SHOWN_ROWS])
        return f"{config.type}({shown}): {len(rows)} rows, such as {examples}"
    found = result.result.get("observed_value", (result.exception_info or {}).get("exception_message"))
    return f"{config.type}({shown}): found {found}"


def _row(row: dict[str, Any]) -> str:
    return "{" + ", ".join(f"{name}={value}" for name, value in row.items()) + "}"
