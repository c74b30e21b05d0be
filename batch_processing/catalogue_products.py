"""What the shop says of its products now: master data, and of products without any what activity named last."""

from __future__ import annotations

import pyarrow as pa

from data_lake.sql import Rows, run_sql

MASTER_COLUMNS = (
    *("event_id", "event_type", "occurred_at"),
    *("product_id", "name", "category", "brand", "list_price", "is_active"),
)
FEATURE_COLUMNS = ("product_id", "as_of", "category", "brand", "unit_price", "is_active")

_MASTER = """
    SELECT
        product_id,
        arg_max(name, (occurred_at, event_id)) AS name,
        arg_max(category, (occurred_at, event_id)) AS category,
        arg_max(brand, (occurred_at, event_id)) AS brand,
        arg_max(list_price, (occurred_at, event_id)) AS price,
        arg_max(is_active, (occurred_at, event_id)) AS is_sold
    FROM inventory_events
    WHERE event_type = 'product_updated'
    GROUP BY product_id
"""
_SQL = f"""
    SELECT
        product_id,
        coalesce(name, '') AS name,
        coalesce(master.category, seen.category) AS category,
        coalesce(master.brand, seen.brand) AS brand,
        coalesce(price, unit_price)::DOUBLE AS price,
        coalesce(is_sold, is_active, true) AS is_sold
    FROM ({_MASTER}) AS master
    FULL JOIN (SELECT * FROM product_features WHERE as_of = (SELECT max(as_of) FROM product_features)) AS seen
    USING (product_id)
    ORDER BY product_id
"""


def catalogue_products(inventory_events: Rows, product_features: Rows) -> pa.Table:
    """Return one row a product: ``product_id``, ``name``, ``category``, ``brand``, ``price`` and ``is_sold``.

    ``inventory_events`` has ``MASTER_COLUMNS``, ``product_features`` ``FEATURE_COLUMNS``, of which the newest ``as_of``
    counts.
    """
    return run_sql(_SQL, inventory_events=inventory_events, product_features=product_features)
