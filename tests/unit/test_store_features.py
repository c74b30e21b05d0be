from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from batch_processing.store_features import store_features
from contracts.tables import SILVER_POS_EVENTS
from tests.fixtures.rows import rows_of
from tests.fixtures.silver_rows import Row, event, line

AS_OF = datetime(2026, 11, 21, tzinfo=UTC)


def deal(days_ago: float, *lines: Row, kind: str = "pos_transaction_completed", **values: str) -> Row:
    return event(kind, AS_OF - timedelta(days=days_ago), store_id="N", lines=list(lines), **values)


def test_trade_of_a_store() -> None:
    rows = [
        deal(0.5, line("p", 2, "3"), line("q", 1, "4"), customer_id="c"),
        deal(5, line("p", 1, "3"), line("p", 1, "3.0050")),
        deal(10, line("r", 5, "1"), customer_id="c"),
        deal(45, line("z", 9, "1")),
        deal(1, line("p", 1, "3"), kind="pos_return_completed"),
        deal(0, line("late", 1, "9")),
    ]
    [row] = store_features(rows_of(SILVER_POS_EVENTS, rows), [AS_OF]).to_pylist()
    assert row == {
        "store_id": "N",
        "as_of": AS_OF,
        "age_days": 45.0,
        "days_since_sale": 0.5,
        "sales_1d": 1,
        "sales_7d": 2,
        "sales_30d": 3,
        "sales_trend_ratio_7d": 2.0,
        "units_sold_30d": 10,
        "revenue_7d": Decimal("16.01"),
        "revenue_30d": Decimal("21.01"),
        "mean_sale_value_30d": pytest.approx(21.005 / 3),
        "mean_sale_unit_count_30d": 10 / 3,
        "distinct_products_30d": 3,
        "known_customers_30d": 1,
        "known_customer_ratio_30d": 2 / 3,
        "weekend_sale_ratio_30d": 0.0,
        "returns_30d": 1,
        "refunded_30d": 3,
        "return_ratio_30d": 0.1,
    }


def test_a_store_that_only_took_back_has_no_means() -> None:
    returned = deal(1, line("p"), kind="pos_return_completed")
    [row] = store_features(rows_of(SILVER_POS_EVENTS, [returned]), [AS_OF]).to_pylist()
    assert (row["sales_30d"], row["distinct_products_30d"], row["returns_30d"]) == (0, 0, 1)
    nothing = ("days_since_sale", "sales_trend_ratio_7d", "mean_sale_value_30d", "return_ratio_30d")
    assert [row[name] for name in nothing] == [None] * 4
