"""gold.low_stock: what should be ordered, per store and warehouse, as of the end of a day.

Grain: one product at one store or warehouse; key: both and ``as_of``. The stock is the last level reported before
``as_of``. It is low at or below the reorder point: the units of 4 days at the rate of the last 7 or 28 days, whichever
is greater, rounded up. So what ran out is always low. Products that the shop no longer sells are left out. Which
warehouse sends an online order is not known: every warehouse is measured by all of them.

A day reads the sales of 28 days and the last level of each product and place.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pyarrow as pa

from batch_processing.as_of import as_of_table, before_each
from batch_processing.silver import Events
from contracts.tables import GOLD_LOW_STOCK
from data_lake.schemas import contracted
from data_lake.sql import Rows, run_sql

SALES_WINDOW = timedelta(days=28)

# A line sold online has no store.
_UNITS = """
    SELECT occurred_at, NULL AS store_id, unnest(lines, recursive := true)
    FROM clickstream_events
    WHERE event_type = 'order_placed'
    UNION ALL
    SELECT occurred_at, store_id, unnest(lines, recursive := true)
    FROM pos_events
    WHERE event_type = 'pos_transaction_completed'
"""

_SQL = f"""
    WITH levels AS (
        SELECT
            location_id,
            product_id,
            occurred_at AS changed_at,
            arg_max(struct_pack(location_kind, quantity_on_hand, change_reason), event_id) AS level
        FROM inventory_events
        WHERE event_type = 'stock_level_changed'
        GROUP BY location_id, product_id, changed_at
    ),
    products AS (
        SELECT product_id, occurred_at AS updated_at, arg_max(is_active, event_id) AS is_active
        FROM inventory_events
        WHERE event_type = 'product_updated'
        GROUP BY product_id, updated_at
    ),
    sold AS (
        SELECT
            as_of,
            store_id,
            product_id,
            sum(quantity) FILTER (days_ago <= 7) AS units_7d,
            sum(quantity) AS units_28d
        FROM ({before_each(_UNITS)})
        WHERE days_ago <= 28
        GROUP BY as_of, store_id, product_id
    ),
    stock AS (
        SELECT
            each.*,
            changed_at,
            level.quantity_on_hand::BIGINT AS quantity_on_hand,
            level.location_kind AS location_kind,
            level.change_reason AS change_reason
        FROM (SELECT DISTINCT location_id, product_id, as_of FROM levels CROSS JOIN as_ofs) AS each
        ASOF JOIN levels
            ON each.location_id = levels.location_id AND each.product_id = levels.product_id AND as_of > changed_at
        ASOF LEFT JOIN products ON each.product_id = products.product_id AND as_of > updated_at
        WHERE coalesce(is_active, true)
    )
    SELECT
        stock.*,
        coalesce(units_7d, 0) AS units_sold_7d,
        coalesce(units_28d, 0) AS units_sold_28d,
        ceil(4 * greatest(units_sold_7d / 7, units_sold_28d / 28))::BIGINT AS reorder_point,
        quantity_on_hand * 7 / nullif(units_sold_7d, 0) AS cover_7d_days,
        quantity_on_hand * 28 / nullif(units_sold_28d, 0) AS cover_28d_days
    FROM stock LEFT JOIN sold
        ON stock.as_of = sold.as_of
        AND stock.product_id = sold.product_id
        AND sold.store_id IS NOT DISTINCT FROM if(location_kind = 'store', location_id, NULL)
    WHERE quantity_on_hand <= reorder_point
"""


def low_stock(sales: Events, inventory_events: Rows, as_ofs: Sequence[datetime]) -> pa.Table:
    """Return one row per product and place that is low at an ``as_of``.

    ``sales`` must hold the events of ``SALES_WINDOW`` before each ``as_of``, ``inventory_events`` all before the last.
    """
    clickstream_events, pos_events = sales
    tables = {"clickstream_events": clickstream_events, "pos_events": pos_events, "as_ofs": as_of_table(as_ofs)}
    return contracted(run_sql(_SQL, **tables, inventory_events=inventory_events), GOLD_LOW_STOCK)
