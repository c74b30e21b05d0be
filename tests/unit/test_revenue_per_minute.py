"""Revenue by minute and channel: exact sums, rounded once, the same after any repetition."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from contracts.tables import GOLD_REVENUE_PER_MINUTE, SILVER_CLICKSTREAM_EVENTS, SILVER_POS_EVENTS, Table
from data_lake.arrow_lake import ArrowLake
from stream_processing.revenue_per_minute import refresh_minutes
from tests.fixtures.event_rows import START, arrive, event, line


@pytest.fixture
def lake(tmp_path: Path) -> ArrowLake:
    lake = ArrowLake(str(tmp_path))
    lake.create_missing([SILVER_CLICKSTREAM_EVENTS, SILVER_POS_EVENTS, GOLD_REVENUE_PER_MINUTE])
    return lake


def _arrive(lake: ArrowLake, table: Table, *events: dict[str, Any]) -> None:
    refresh_minutes([arrive(lake, table, events)], lake)


def _minutes(lake: ArrowLake) -> dict[tuple[int, str], tuple[Any, ...]]:
    rows = lake.read(GOLD_REVENUE_PER_MINUTE).to_pylist()
    names = ("orders", "units", "revenue", "returns", "refunded")
    minute = timedelta(minutes=1)
    return {((row["minute"] - START) // minute, row["channel"]): tuple(row[name] for name in names) for row in rows}


def test_only_totals_are_rounded_and_every_touched_minute_is_right(lake: ArrowLake) -> None:
    third = [line("p-1", 1, "0.0015"), line("p-2", 1, "0.0015")]
    orders = [event("order_placed", f"e-{n}", 0.1 * n, lines=third) for n in range(5)]
    _arrive(lake, SILVER_CLICKSTREAM_EVENTS, *orders[:2])
    _arrive(lake, SILVER_CLICKSTREAM_EVENTS, *orders[2:], event("product_viewed", "e-9", 3, product_id="p-1"))
    assert _minutes(lake) == {(0, "online"): (5, 10, Decimal("0.02"), 0, Decimal("0.00"))}  # 0.015; each alone: 0.00

    sale = event(
        "pos_transaction_completed", "t-1", 0.5, store_id="s", lines=[line("p-1", 1_000_000, "99999999999999.9999")]
    )
    back = event("pos_return_completed", "t-2", 7, store_id="s", lines=[line("p-1", 2, "1.005")])
    _arrive(lake, SILVER_POS_EVENTS, sale, back)
    expected = {
        (0, "online"): (5, 10, Decimal("0.02"), 0, Decimal("0.00")),
        (0, "pos"): (1, 1_000_000, Decimal("99999999999999999900.00"), 0, Decimal("0.00")),
        (7, "pos"): (0, 0, Decimal("0.00"), 1, Decimal("2.01")),
    }
    assert _minutes(lake) == expected
    _arrive(lake, SILVER_POS_EVENTS, sale, back)
    assert _minutes(lake) == expected
