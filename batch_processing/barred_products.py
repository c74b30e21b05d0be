"""Products that no list may hold, as of the newest ``gold.product_features``."""

from __future__ import annotations

from data_lake.sql import Rows, run_sql
from ml_modeling.business_rules import Barred

_SQL = """
    SELECT
        coalesce(list(product_id) FILTER (quantity_on_hand <= 0), []) AS sold_out,
        coalesce(list(product_id) FILTER (NOT is_active), []) AS hidden
    FROM product_features
    WHERE as_of = (SELECT max(as_of) FROM product_features)
"""


def barred_products(product_features: Rows) -> Barred:
    """Return what has no stock and what the shop does not sell; of what nothing was reported may be shown."""
    [row] = run_sql(_SQL, product_features=product_features).to_pylist()
    return Barred(sold_out=frozenset(row["sold_out"]), hidden=frozenset(row["hidden"]))
