"""Every batch table over one lake: any order of days gives the same rows, and what a late event changes is stale."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from batch_processing.batch_tables import BATCH_TABLES, BatchTable
from batch_processing.running import BatchRun, Built
from contracts.tables import (
    GOLD_CATEGORY_DAILY,
    GOLD_CUSTOMER_PRODUCT_MATRIX,
    GOLD_FUNNEL_DAILY,
    GOLD_PRODUCT_DAILY,
    SILVER_TRANSACTION_LINES,
)
from data_lake.arrow_lake import ArrowLake
from tests.fixtures.silver_rows import Row, event, line
from tests.fixtures.small_shop import DAYS, FIRST_DAY, SmallShop, land_silver, random_shop

BY_DATE = [table for table in BATCH_TABLES if not table.is_as_of]
LATEST = [DAYS[-1]]
MINUTE = timedelta(minutes=1)


def built(path: Path, shop: SmallShop, *runs: Sequence[date]) -> ArrowLake:
    lake = ArrowLake(str(path))
    land_silver(lake, shop)
    for days in runs:
        BatchRun(lake, lambda _: None).build_days(BATCH_TABLES, days)
    return lake


def contents(lake: ArrowLake, table: BatchTable) -> pa.Table:
    return lake.read(table.contract).sort_by([(name, "ascending") for name in table.contract.key])


@pytest.mark.parametrize("seed", [0])
def test_day_by_day_in_any_order_equals_all_days_at_once(tmp_path: Path, seed: int) -> None:
    shop = random_shop(seed)
    shuffled = random.Random(seed).sample(DAYS, len(DAYS))
    at_once = built(tmp_path / "once", shop, DAYS)
    one_by_one = built(tmp_path / "each", shop, *([day] for day in [*shuffled, shuffled[0]]))
    for table in BATCH_TABLES:
        assert contents(one_by_one, table).num_rows > 0
        assert contents(one_by_one, table) == contents(at_once, table), table.contract.name


@pytest.mark.parametrize("seed", range(2))
def test_building_what_late_events_made_stale_equals_a_build_from_scratch(tmp_path: Path, seed: int) -> None:
    early, late = _split(random_shop(seed), random.Random(seed))
    lake = built(tmp_path / "late", early, DAYS)
    land_silver(lake, late, known=early)
    BatchRun(lake, lambda _: None).build_stale(BATCH_TABLES, LATEST[0])
    both = SmallShop(early.clickstream + late.clickstream, early.pos + late.pos, early.feeds + late.feeds)
    scratch = built(tmp_path / "scratch", both, DAYS)
    for table in BY_DATE:
        assert contents(lake, table) == contents(scratch, table), table.contract.name


def _split(shop: SmallShop, rnd: random.Random) -> tuple[SmallShop, SmallShop]:
    late = {row["event_id"] for row in [*rnd.sample([*shop.clickstream, *shop.pos], 4), *rnd.sample(shop.feeds, 4)]}
    parts = (
        SmallShop(*([row for row in rows if (row["event_id"] in late) == wanted] for rows in _kinds_of(shop)))
        for wanted in (False, True)
    )
    return next(parts), next(parts)


def _kinds_of(shop: SmallShop) -> tuple[list[Row], ...]:
    return shop.clickstream, shop.pos, shop.feeds


def test_nothing_is_stale_after_a_build(tmp_path: Path) -> None:
    lake = built(tmp_path, random_shop(1), DAYS)
    stale: list[Built] = []
    BatchRun(lake, stale.append).build_stale(BY_DATE, LATEST[0])
    assert stale == []


def test_a_day_whose_own_count_stays_the_same_is_stale_after_a_late_event_before_it(tmp_path: Path) -> None:
    midnight = FIRST_DAY + timedelta(days=1)
    after = event("product_viewed", midnight + MINUTE, visitor_id="v", product_id="p")
    lake = built(tmp_path, early := SmallShop([after], []), [midnight.date()])
    before = event("product_viewed", midnight - MINUTE, visitor_id="v", product_id="p", category="home")
    instead = event("page_viewed", midnight, visitor_id="w", device="mobile")
    land_silver(lake, SmallShop([before, instead], []), known=early)
    BatchRun(lake, lambda _: None).build_stale(BY_DATE, midnight.date())
    funnel = lake.read(GOLD_FUNNEL_DAILY, ["date", "device", "sessions"]).to_pylist()
    assert sorted(tuple(row.values()) for row in funnel) == [
        (FIRST_DAY.date(), "unknown", 1),
        (midnight.date(), "mobile", 1),
    ]
    assert set(lake.read(GOLD_CATEGORY_DAILY, ["category"])["category"].to_pylist()) == {"home"}


SOLD_AT = FIRST_DAY + timedelta(days=2, hours=12)
DAY = timedelta(days=1)
_PLAN = {"plan_id": "a", "starts_at": SOLD_AT, "ends_at": SOLD_AT + MINUTE}


@pytest.mark.parametrize(
    ("kind", "at", "values", "changed"),
    [
        ("weather_observed", SOLD_AT - DAY, {"location_id": "N", "location_kind": "store", "temperature_c": 3.0}, True),
        ("weather_observed", SOLD_AT - 3 * DAY, {"location_id": "N", "location_kind": "store"}, False),
        ("price_changed", SOLD_AT + DAY, {"product_id": "p", "effective_at": SOLD_AT, "new_price": 5}, True),
        ("price_changed", SOLD_AT, {"product_id": "p", "effective_at": SOLD_AT + DAY, "new_price": 5}, False),
        ("product_updated", SOLD_AT - 300 * DAY, {"product_id": "p", "list_price": 5}, True),
        ("promotion_planned", SOLD_AT + DAY, _PLAN | {"starts_at": SOLD_AT + DAY, "ends_at": SOLD_AT + 2 * DAY}, True),
        ("promotion_planned", SOLD_AT + DAY, _PLAN | {"plan_id": "b"}, True),
        ("promotion_planned", SOLD_AT + DAY, _PLAN | {"plan_id": "b", "ends_at": SOLD_AT - 2 * DAY}, False),
    ],
)
def test_what_arrives_after_a_sale_and_may_change_its_line_makes_the_day_stale(
    tmp_path: Path, kind: str, at: datetime, values: dict[str, Any], changed: bool
) -> None:
    sale = event("pos_transaction_completed", SOLD_AT, store_id="N", lines=[line("p")])
    early = SmallShop([], [sale], [event("promotion_planned", SOLD_AT - 9 * DAY, **_PLAN)])
    lake = ArrowLake(str(tmp_path))
    land_silver(lake, early)
    [lines] = (table for table in BATCH_TABLES if table.contract == SILVER_TRANSACTION_LINES)
    BatchRun(lake, lambda _: None).build_stale([lines], LATEST[0])
    before = contents(lake, lines).drop_columns(["source_events"])
    land_silver(lake, SmallShop([], [], [event(kind, at, **values)]), known=early)
    rebuilt: list[Built] = []
    BatchRun(lake, rebuilt.append).build_stale([lines], LATEST[0])
    assert (contents(lake, lines).drop_columns(["source_events"]) != before) == changed
    assert [list(each.days) for each in rebuilt] == ([[SOLD_AT.date()]] if changed else [])


def test_a_late_login_gives_an_earlier_days_views_to_their_customer_also_where_that_table_is_built_alone(
    tmp_path: Path,
) -> None:
    def who(lake: ArrowLake) -> list[str]:
        owners: list[str] = lake.read(GOLD_CUSTOMER_PRODUCT_MATRIX, ["customer_id"])["customer_id"].to_pylist()
        return owners

    view = event("product_viewed", SOLD_AT, visitor_id="v", product_id="p")
    early = SmallShop([view, event("page_viewed", SOLD_AT - 2 * DAY, visitor_id="v", customer_id="ann")], [])
    lake = ArrowLake(str(tmp_path))
    land_silver(lake, early)
    [matrix] = (table for table in BATCH_TABLES if table.contract == GOLD_CUSTOMER_PRODUCT_MATRIX)
    BatchRun(lake, lambda _: None).build_days([matrix], [SOLD_AT.date()])
    assert who(lake) == ["ann"]

    login = event("page_viewed", SOLD_AT - DAY, visitor_id="v", customer_id="bob")
    land_silver(lake, SmallShop([login], []), known=early)
    BatchRun(lake, lambda _: None).build_stale([matrix], LATEST[0])
    assert who(lake) == ["bob"]


def test_a_day_on_which_people_turn_out_to_be_a_bot_is_stale_though_as_much_came_as_goes(tmp_path: Path) -> None:
    def views(visitor_id: str, first: int, last: int) -> list[Row]:
        times = (SOLD_AT + number * MINUTE / 60 for number in range(first, last))
        return [event("product_viewed", at, visitor_id=visitor_id, product_id="p", device="mobile") for at in times]

    early = SmallShop(views("v", 0, 19), [])
    tables = [table for table in BATCH_TABLES if table.contract in {GOLD_PRODUCT_DAILY, GOLD_FUNNEL_DAILY}]
    lake = ArrowLake(str(tmp_path))
    land_silver(lake, early)
    BatchRun(lake, lambda _: None).build_stale(tables, LATEST[0])
    land_silver(lake, SmallShop(views("v", 19, 20) + views("w", 0, 19), []), known=early)
    BatchRun(lake, lambda _: None).build_stale(tables, LATEST[0])
    assert lake.read(GOLD_PRODUCT_DAILY, ["views", "viewers"]).to_pylist() == [{"views": 19, "viewers": 1}]
    assert lake.read(GOLD_FUNNEL_DAILY, ["sessions"]).to_pylist() == [{"sessions": 1}]
    BatchRun(lake, lambda _: pytest.fail("nothing changed")).build_stale(tables, LATEST[0])
