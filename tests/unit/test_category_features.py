from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from batch_processing.category_features import category_features
from contracts.tables import GOLD_PRODUCT_FEATURES
from tests.fixtures.rows import rows_of

AS_OF = datetime(2026, 11, 21, tzinfo=UTC)


def product(product_id: str, category: str | None, **values: Any) -> dict[str, Any]:
    return {"product_id": product_id, "as_of": AS_OF, "category": category} | values


def test_sums_means_and_shares_of_a_category() -> None:
    p = product("p", "shoes", unit_price=Decimal(10), views_7d=6, views_14d=8, views_30d=10, cart_adds_30d=2)
    p |= {"units_sold_7d": 3, "units_sold_14d": 4, "units_sold_30d": 4, "revenue_30d": Decimal("40.10")}
    p |= {"units_returned_30d": 1, "quantity_on_hand": 0, "is_active": True, "review_count": 2, "mean_rating": 4.5}
    q = product("q", "shoes", unit_price=Decimal(20), views_7d=0, views_14d=2, views_30d=10, cart_adds_30d=0)
    q |= {"units_sold_7d": 0, "units_sold_14d": 1, "units_sold_30d": 4, "revenue_30d": Decimal("19.90")}
    q |= {"units_returned_30d": 0, "quantity_on_hand": 5, "is_active": False, "review_count": 1, "mean_rating": 3.0}
    z = product("z", None, revenue_30d=Decimal(20), review_count=0)
    shoes, unknown = category_features(rows_of(GOLD_PRODUCT_FEATURES, [p, q, z])).sort_by("category_id").to_pylist()
    assert shoes == {
        "category_id": "shoes",
        "as_of": AS_OF,
        "product_count": 2,
        "active_product_ratio": 0.5,
        "in_stock_ratio": 0.5,
        "mean_unit_price": 15.0,
        "median_unit_price": 15.0,
        "min_unit_price": 10,
        "max_unit_price": 20,
        "views_7d": 6,
        "views_30d": 20,
        "cart_adds_30d": 2,
        "units_sold_7d": 3,
        "units_sold_30d": 8,
        "revenue_30d": 60,
        "revenue_share_ratio_30d": 0.75,
        "units_per_view_ratio_30d": 0.4,
        "view_trend_ratio_7d": 1.5,
        "sales_trend_ratio_7d": 1.5,
        "return_ratio_30d": 0.125,
        "review_count": 3,
        "mean_rating": 4.0,
    }
    assert (unknown["category_id"], unknown["product_count"], unknown["mean_unit_price"]) == ("unknown", 1, None)
    assert unknown["revenue_share_ratio_30d"] == pytest.approx(0.25)
