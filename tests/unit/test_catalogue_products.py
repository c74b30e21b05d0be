"""What training is told of products: master data first, then what activity named."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa

from batch_processing.catalogue_products import FEATURE_COLUMNS, MASTER_COLUMNS, catalogue_products
from contracts.tables import GOLD_PRODUCT_FEATURES, SILVER_INVENTORY_EVENTS
from tests.fixtures.rows import rows_of

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def _updated(product_id: str, name: str, at: datetime = NOON, **facts: Any) -> dict[str, Any]:
    row = {"event_id": name, "event_type": "product_updated", "occurred_at": at, "product_id": product_id}
    return row | {"name": name, "category": "shoes", "list_price": Decimal("9.50"), "is_active": True, **facts}


def _seen(product_id: str, as_of: datetime = NOON, **facts: Any) -> dict[str, Any]:
    return {"product_id": product_id, "as_of": as_of, **facts}


def _products(master: list[dict[str, Any]], features: list[dict[str, Any]]) -> list[dict[str, Any]]:
    tables: list[pa.Table] = [rows_of(SILVER_INVENTORY_EVENTS, master), rows_of(GOLD_PRODUCT_FEATURES, features)]
    found = catalogue_products(tables[0].select(MASTER_COLUMNS), tables[1].select(FEATURE_COLUMNS))
    rows: list[dict[str, Any]] = found.to_pylist()
    return rows


def test_the_last_master_data_counts_and_changes_of_stock_say_nothing() -> None:
    stock = _updated("p-1", "none", NOON + DAY) | {"event_type": "stock_level_changed", "name": None, "category": None}
    [row] = _products([_updated("p-1", "new", brand="b"), _updated("p-1", "old", NOON - DAY), stock], [])
    named = {"product_id": "p-1", "name": "new", "category": "shoes", "brand": "b", "price": 9.5, "is_sold": True}
    assert row == named


def test_what_master_data_leaves_open_is_filled_by_activity_and_what_it_does_not_know_is_sold() -> None:
    features = [_seen("p-1", brand="b", category="pans", unit_price=Decimal(7)), _seen("p-2", category="pans")]
    features += [_seen("p-2", NOON - DAY, category="old"), _seen("p-3", NOON - DAY, category="old")]
    first, second = _products([_updated("p-1", "shoe", is_active=False)], features)
    assert (first["category"], first["brand"], first["price"], first["is_sold"]) == ("shoes", "b", 9.5, False)
    assert second == {
        "product_id": "p-2",
        "name": "",
        "category": "pans",
        "brand": None,
        "price": None,
        "is_sold": True,
    }


def test_of_a_lake_without_either_nothing_is_known() -> None:
    assert _products([], []) == []
