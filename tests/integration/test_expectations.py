from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from batch_processing.batch_tables import BATCH_TABLES
from batch_processing.expectations import check_day
from batch_processing.running import BatchRun
from contracts.errors import NotReadyError, QualityError
from contracts.tables import (
    GOLD_BASKET_PAIRS,
    GOLD_CUSTOMER_FEATURES,
    GOLD_FUNNEL_DAILY,
    GOLD_PRODUCT_DAILY,
    GOLD_STORE_DAILY,
    Table,
)
from data_lake.arrow_lake import ArrowLake
from tests.fixtures.gold_rows import land
from tests.fixtures.small_shop import DAYS, land_silver, random_shop

DAY = date(2026, 11, 20)
_FUNNEL = {"device": "mobile", "sessions": 1, "with_view": 1, "with_cart": 0, "with_checkout": 0}


def product(product_id: str | None, **changes: Any) -> dict[str, Any]:
    counts = {"views": 4, "viewers": 2, "cart_adds": 1, "cart_removes": 0, "orders": 1, "units_sold": 2}
    money = {"revenue": Decimal("3.10"), "units_returned": 0, "refunded": Decimal("0.00")}
    return {"date": DAY, "product_id": product_id, "source_events": 9} | counts | money | changes


def test_a_sound_day_passes_and_other_days_do_not_count(tmp_path: Path) -> None:
    broken_elsewhere = product("p-9", date=date(2026, 11, 19), views=-1)
    land(tmp_path, GOLD_PRODUCT_DAILY, [product("p-1"), product("p-2"), broken_elsewhere])
    rows, expectations = check_day(ArrowLake(str(tmp_path)), GOLD_PRODUCT_DAILY, DAY)
    assert rows == 2
    assert expectations > 10


@pytest.mark.parametrize(
    ("broken", "named"),
    [
        ([product("p-1"), product("p-1")], ["compound_columns_to_be_unique", "product_id", "p-1"]),
        ([product(None)], ["not_be_null", "product_id", "2026-11-20"]),
        ([product("p-1"), product("p-7", revenue=Decimal("-0.01"))], ["revenue", "p-7", "1 rows"]),
        ([product("p-7", viewers=5)], ["viewers", "views", "p-7"]),
        ([product("p-7", orders=3)], ["orders", "units_sold", "p-7"]),
        ([product("p-7", date=date(2026, 11, 19))], ["row_count", "found 0"]),
    ],
)
def test_a_broken_day_is_blocked_and_named(tmp_path: Path, broken: list[dict[str, Any]], named: list[str]) -> None:
    land(tmp_path, GOLD_PRODUCT_DAILY, broken)
    with pytest.raises(QualityError, match=r"gold\.product_daily of 2026-11-20 breaks 1 of") as caught:
        check_day(ArrowLake(str(tmp_path)), GOLD_PRODUCT_DAILY, DAY)
    assert [word for word in named if word not in str(caught.value)] == []
    assert "\n" not in str(caught.value)


def test_an_as_of_table_is_checked_by_the_end_of_the_day(tmp_path: Path) -> None:
    row = {"customer_id": "c", "as_of": datetime(2026, 11, 21, tzinfo=UTC), "order_count": 1, "unit_count": 1}
    land(tmp_path, GOLD_CUSTOMER_FEATURES, [row])
    assert check_day(ArrowLake(str(tmp_path)), GOLD_CUSTOMER_FEATURES, DAY)[0] == 1


def test_a_table_never_made_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotReadyError, match=r"gold\.product_daily"):
        check_day(ArrowLake(str(tmp_path)), GOLD_PRODUCT_DAILY, DAY)


def test_every_batch_table_of_a_sound_shop_passes(tmp_path: Path) -> None:
    lake = ArrowLake(str(tmp_path))
    land_silver(lake, random_shop(1))
    BatchRun(lake, lambda _: None).build_days(BATCH_TABLES, DAYS[:1])
    checked = {table.contract.name: check_day(lake, table.contract, DAYS[0])[0] for table in BATCH_TABLES}
    assert [name for name, rows in checked.items() if rows == 0] == []


@pytest.mark.parametrize(
    ("table", "row", "named"),
    [
        (GOLD_FUNNEL_DAILY, _FUNNEL | {"with_order": 2}, "with_order"),
        (
            GOLD_BASKET_PAIRS,
            {"product_a": "p", "product_b": "q", "baskets_together": 2, "baskets_a": 2, "baskets_b": 1},
            "baskets_b",
        ),
        (GOLD_STORE_DAILY, {"store_id": "N", "sales": 3, "units_sold": 2, "source_events": 3}, "units_sold"),
    ],
)
def test_a_row_that_cannot_be_is_named(tmp_path: Path, table: Table, row: dict[str, Any], named: str) -> None:
    land(tmp_path, table, [{"date": DAY} | row])
    with pytest.raises(QualityError, match=rf"{table.name} of 2026-11-20 breaks 1 of .*{named}"):
        check_day(ArrowLake(str(tmp_path)), table, DAY)


def test_a_day_on_which_no_store_opened_passes(tmp_path: Path) -> None:
    land(tmp_path, GOLD_STORE_DAILY, [])
    assert check_day(ArrowLake(str(tmp_path)), GOLD_STORE_DAILY, DAY)[0] == 0
