from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from deltalake import write_deltalake

from batch_processing.batch_tables import BATCH_TABLES, BatchTable
from batch_processing.days import end_of, spans_of
from batch_processing.product_daily import product_daily
from batch_processing.running import BatchRun, Built
from contracts.errors import NotReadyError
from contracts.tables import GOLD_PRODUCT_DAILY, GOLD_PRODUCT_FEATURES, SILVER_CLICKSTREAM_EVENTS
from data_lake.arrow_lake import ArrowLake
from data_lake.changed_files import Snapshot
from tests.fixtures.rows import rows_of
from tests.fixtures.silver_rows import NOON, Row, event, line
from tests.fixtures.small_shop import SmallShop

[PRODUCT_DAILY] = (table for table in BATCH_TABLES if table.contract == GOLD_PRODUCT_DAILY)
[PRODUCT_FEATURES] = (table for table in BATCH_TABLES if table.contract == GOLD_PRODUCT_FEATURES)
DAY = timedelta(days=1)
TODAY = date(2026, 11, 21)
FAR = NOON.date() + 40_000 * DAY


def viewed(day: int, product_id: str = "p") -> Row:
    return event("product_viewed", NOON + day * DAY, visitor_id="v", product_id=product_id)


class Shop:
    def __init__(self, path: Path) -> None:
        self.lake = ArrowLake(str(path))
        self.built: list[Built] = []

    def run(self) -> BatchRun:
        self.built.clear()
        return BatchRun(self.lake, self.built.append)

    def land(self, *rows: Row) -> None:
        self.lake.create_missing([SILVER_CLICKSTREAM_EVENTS])
        write_deltalake(
            self.lake.path(SILVER_CLICKSTREAM_EVENTS), rows_of(SILVER_CLICKSTREAM_EVENTS, rows), mode="append"
        )

    def daily(self) -> list[tuple[Any, ...]]:
        rows = self.lake.read(GOLD_PRODUCT_DAILY, ["date", "product_id", "views", "source_events"]).to_pylist()
        return sorted(tuple(row.values()) for row in rows)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path / "lake")


def test_stale_days_are_replaced_and_the_others_stay(shop: Shop) -> None:
    order = event("order_placed", customer_id="c", visitor_id="v", lines=[line("p")])
    shop.land(viewed(-1), viewed(0, "q"), order, viewed(40_000))
    shop.run().build_stale(BATCH_TABLES, TODAY)
    latest = [date(2026, 11, 20)]
    assert [(built.table, list(built.days)[-2:], built.rows) for built in shop.built] == [
        ("silver.customer_visitors", latest, 1),
        ("silver.transaction_lines", latest, 1),
        ("gold.product_daily", [date(2026, 11, 20), FAR], 4),
        ("gold.product_activity_hourly", [date(2026, 11, 20), FAR], 4),
        ("gold.category_daily", [date(2026, 11, 20), FAR], 3),
        ("gold.basket_pairs", latest, 1),
        ("gold.customer_product_matrix", [date(2026, 11, 20), FAR], 3),
        ("gold.customer_features", latest, 1),
        ("gold.customer_rfm", latest, 1),
        ("gold.product_features", latest, 2),
        ("gold.category_features", latest, 1),
        ("gold.store_features", latest, 0),
        ("gold.low_stock", latest, 0),
    ]

    shop.land(viewed(-1))
    shop.run().build_stale([PRODUCT_DAILY], TODAY)
    assert [list(built.days) for built in shop.built] == [[date(2026, 11, 19)]]
    expected = [
        (date(2026, 11, 19), "p", 2, 2),
        (date(2026, 11, 20), "p", 0, 2),
        (date(2026, 11, 20), "q", 1, 2),
        (FAR, "p", 1, 1),
    ]
    assert shop.daily() == expected

    run = shop.run()
    run.build_stale([PRODUCT_DAILY], TODAY)
    assert shop.built == []
    run.build_days([PRODUCT_DAILY], latest)
    assert shop.daily() == expected


def test_a_day_without_products_is_not_stale(shop: Shop) -> None:
    shop.land(viewed(-1), event("page_viewed", NOON, visitor_id="v"))
    shop.run().build_stale([PRODUCT_DAILY], TODAY)
    assert [list(built.days) for built in shop.built] == [[date(2026, 11, 19)]]
    shop.run().build_stale([PRODUCT_DAILY], TODAY)
    assert shop.built == []


def test_a_day_whose_events_are_gone_loses_its_rows(shop: Shop) -> None:
    shop.land(viewed(-1), viewed(0))
    shop.run().build_stale([PRODUCT_DAILY], TODAY)
    shop.lake.overwrite(SILVER_CLICKSTREAM_EVENTS, rows_of(SILVER_CLICKSTREAM_EVENTS, [viewed(0)]), "true")
    shop.run().build_stale([PRODUCT_DAILY], TODAY)
    assert shop.daily() == [(date(2026, 11, 20), "p", 1, 1)]


def test_many_days_are_built_in_parts_and_told_as_one(shop: Shop) -> None:
    shop.land(*(viewed(-day) for day in range(70)))
    shop.run().build_stale([PRODUCT_DAILY], TODAY)
    assert [(len(built.days), built.rows) for built in shop.built] == [(70, 70)]
    assert shop.lake.version(GOLD_PRODUCT_DAILY) == 3
    assert shop.daily() == [(NOON.date() - day * DAY, "p", 1, 1) for day in range(69, -1, -1)]


def test_each_as_of_replaces_only_itself(shop: Shop) -> None:
    shop.land(viewed(-1), viewed(0), viewed(0, "q"))
    days = [date(2026, 11, 19), date(2026, 11, 20)]
    for built_days in (days, days[:1], days[1:]):
        shop.run().build_days([PRODUCT_FEATURES], built_days)
        rows = shop.lake.read(GOLD_PRODUCT_FEATURES, ["as_of", "product_id", "views_1d", "views_7d"]).to_pylist()
        assert sorted(tuple(row.values()) for row in rows) == [
            (end_of(days[0]), "p", 1, 1),
            (end_of(days[1]), "p", 1, 2),
            (end_of(days[1]), "q", 1, 1),
        ]


@pytest.mark.parametrize("table", [PRODUCT_DAILY, PRODUCT_FEATURES])
def test_days_without_any_event_are_refused(shop: Shop, table: BatchTable) -> None:
    with pytest.raises(NotReadyError, match=r"for gold\.\w+ on 2026-11-16: it holds none"):
        shop.run().build_days([table], [date(2026, 11, 16)])
    shop.land(viewed(-1), viewed(1))
    with pytest.raises(NotReadyError, match=r"2026-11-16 to 2026-11-17: it holds events from 2026-11-19 to 2026-11-21"):
        shop.run().build_days([table], [date(2026, 11, 16), date(2026, 11, 17)])


def test_history_counts_only_for_a_table_as_of_a_day(shop: Shop) -> None:
    shop.land(viewed(-1))
    shop.run().build_days([PRODUCT_FEATURES], [TODAY])
    assert [built.rows for built in shop.built] == [1]
    with pytest.raises(NotReadyError, match="on 2026-11-21"):
        shop.run().build_days([PRODUCT_DAILY], [TODAY])


def test_files_of_other_days_are_not_opened(shop: Shop) -> None:
    for day in (-1, 0, 1):
        shop.land(viewed(day))
    events = shop.lake.scan(SILVER_CLICKSTREAM_EVENTS)
    [middle] = [name for name in events.files if _days_in(shop.lake, name) == {NOON.date()}]
    for name in set(events.files) - {middle}:
        Path(shop.lake.path(SILVER_CLICKSTREAM_EVENTS), name).unlink()
    snapshot = Snapshot.newest(shop.lake, SILVER_CLICKSTREAM_EVENTS)
    read = snapshot.rows_within("occurred_at", spans_of([NOON.date()]))
    activity = SmallShop([], []).activity._replace(clickstream_events=read)
    [row] = product_daily(activity).to_pylist()
    assert row["views"] == 1


def _days_in(lake: ArrowLake, file: str) -> set[date]:
    times = pq.read_table(Path(lake.path(SILVER_CLICKSTREAM_EVENTS), file), columns=["occurred_at"])
    return {row["occurred_at"].date() for row in times.to_pylist()}
