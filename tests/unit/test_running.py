from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from batch_processing.running import BATCH_TABLES, BatchRun, Built
from contracts.tables import GOLD_PRODUCT_DAILY, SILVER_CLICKSTREAM_EVENTS
from data_lake.spark_lake import SparkLake
from tests.fixtures.silver_rows import NOON, Row, event, frame, line

DAY = timedelta(days=1)
TODAY = date(2026, 11, 21)
FAR = NOON.date() + 40_000 * DAY


def viewed(day: int, product_id: str = "p") -> Row:
    return event("product_viewed", NOON + day * DAY, visitor_id="v", product_id=product_id)


class Shop:
    def __init__(self, spark: SparkSession, path: Path) -> None:
        self.lake = SparkLake(spark, str(path))
        self.built: list[Built] = []

    def run(self) -> BatchRun:
        self.built.clear()
        return BatchRun(self.lake, self.built.append)

    def land(self, *rows: Row) -> None:
        self.lake.create_missing([SILVER_CLICKSTREAM_EVENTS])
        events = frame(self.lake.spark, SILVER_CLICKSTREAM_EVENTS, rows)
        events.write.format("delta").mode("append").save(self.lake.path(SILVER_CLICKSTREAM_EVENTS))

    def daily(self) -> list[tuple[Any, ...]]:
        rows = self.lake.read(GOLD_PRODUCT_DAILY).select("date", "product_id", "views", "source_events").collect()
        return sorted(tuple(row) for row in rows)


@pytest.fixture
def shop(spark: SparkSession, tmp_path: Path) -> Shop:
    return Shop(spark, tmp_path / "lake")


def test_stale_days_are_replaced_and_the_others_stay(shop: Shop) -> None:
    order = event("order_placed", customer_id="c", visitor_id="v", lines=[line("p")])
    shop.land(viewed(-1), viewed(0, "q"), order, viewed(40_000))
    shop.run().build_stale(BATCH_TABLES, TODAY)
    latest = [date(2026, 11, 20)]
    assert [(built.table, list(built.days)[-2:], built.rows) for built in shop.built] == [
        ("gold.product_daily", [date(2026, 11, 20), FAR], 4),
        ("gold.customer_features", latest, 1),
        ("gold.product_features", latest, 2),
    ]

    shop.land(viewed(-1))
    shop.run().build_stale([GOLD_PRODUCT_DAILY], TODAY)
    assert [list(built.days) for built in shop.built] == [[date(2026, 11, 19)]]
    expected = [
        (date(2026, 11, 19), "p", 2, 2),
        (date(2026, 11, 20), "p", 0, 2),
        (date(2026, 11, 20), "q", 1, 2),
        (FAR, "p", 1, 1),
    ]
    assert shop.daily() == expected

    run = shop.run()
    run.build_stale([GOLD_PRODUCT_DAILY], TODAY)
    assert shop.built == []
    run.build_days([GOLD_PRODUCT_DAILY], latest)
    assert shop.daily() == expected
