from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from batch_processing.customer_features import customer_features
from contracts.tables import SILVER_CLICKSTREAM_EVENTS, SILVER_POS_EVENTS
from tests.fixtures.rows import rows_of
from tests.fixtures.silver_rows import NOON, Row, event, line

AS_OF = datetime(2026, 11, 21, tzinfo=UTC)
DAY = timedelta(days=1)


def build(clickstream: list[Row], pos: list[Row], *as_ofs: datetime) -> list[dict[str, Any]]:
    rows = customer_features(
        rows_of(SILVER_CLICKSTREAM_EVENTS, clickstream), rows_of(SILVER_POS_EVENTS, pos), as_ofs or (AS_OF,)
    )
    return sorted(rows.to_pylist(), key=lambda row: (row["customer_id"], row["as_of"]))


def test_orders_sales_and_returns_of_a_customer() -> None:
    [row] = build(
        [
            event("order_placed", NOON - 2 * DAY, customer_id="c", lines=[line("p", 2, "1.0050"), line("q", 1, "3")]),
            event("order_placed", NOON, lines=[line("p")]),
            event("product_viewed", NOON, customer_id="c", product_id="z"),
        ],
        [
            event("pos_transaction_completed", NOON - DAY, customer_id="c", lines=[line("p", 1, "0.9900")]),
            event("pos_return_completed", NOON, customer_id="c", lines=[line("p", 1, "1.0050")]),
        ],
    )
    row.pop("as_of")
    assert row == {
        "customer_id": "c",
        "recency_days": 1.5,
        "tenure_days": 2.5,
        "order_count": 2,
        "unit_count": 4,
        "revenue": Decimal("6.00"),
        "mean_order_value": 3.0,
        "mean_unit_price": 1.5,
        "distinct_product_count": 2,
        "return_count": 1,
        "refunded": Decimal("1.01"),
    }


def test_who_only_returned_has_no_recency_and_no_means() -> None:
    [row] = build([], [event("pos_return_completed", customer_id="c", lines=[line("p")])])
    assert (row["order_count"], row["revenue"], row["return_count"]) == (0, Decimal("0.00"), 1)
    assert row["recency_days"] is row["tenure_days"] is row["mean_order_value"] is row["mean_unit_price"] is None


def test_the_end_of_the_day_is_not_in_it() -> None:
    just_before = AS_OF - timedelta(microseconds=1)
    orders = [event("order_placed", at, customer_id="c", lines=[line("p")]) for at in (just_before, AS_OF)]
    rows = build(orders, [], AS_OF, AS_OF + DAY)
    assert [row["order_count"] for row in rows] == [1, 2]
    assert rows[0]["recency_days"] > 0


def test_nobody_exists_before_their_first_deal() -> None:
    orders = [event("order_placed", AS_OF + DAY, customer_id="c", lines=[line("p")])]
    assert build(orders, []) == []
