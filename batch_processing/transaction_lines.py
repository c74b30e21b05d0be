"""silver.transaction_lines: every line sold, online and in stores, with the weather, prices and promotions of its time.

Grain: one line; key: event and line number. By the events' own times: what arrived late counts as if it had been there,
and makes the days stale that it may change.

- Weather: the store's last observation at or before the sale and at most 24 hours old; online there is none.
- Prices: the own price changed last at or before, by ``effective_at``; the list price of the last master data.
- Promotions: those with ``starts_at`` ≤ t < ``ends_at`` on the line's channel, for the product, its category or
  everything, each as it is planned now: of one ``plan_id`` the last ``occurred_at`` holds.
- Of two at the same instant the one with the greater event id holds; of price changes first the one announced later.
"""

from __future__ import annotations

import pyarrow as pa

from batch_processing.silver import Events, Feeds
from batch_processing.source_events import of_day, up_to_day
from contracts.tables import SILVER_TRANSACTION_LINES
from data_lake.schemas import contracted
from data_lake.sql import Rows, run_sql

_SALES = """
    SELECT * FROM clickstream_events WHERE event_type = 'order_placed'
    UNION ALL BY NAME
    SELECT * FROM pos_events WHERE event_type = 'pos_transaction_completed'
"""

# Of one plan_id the last one; a plan that was moved must not hold at its old time.
_PLANS = """
    SELECT plan_id, unnest(arg_max(
        struct_pack(product_ids, category, channels, starts_at, ends_at), (occurred_at, event_id)
    ))
    FROM promotion_events
    WHERE event_type = 'promotion_planned'
    GROUP BY plan_id
"""

SALES_OF_DAYS = f"SELECT occurred_at::DATE AS date, count(*) AS source_events FROM ({_SALES}) GROUP BY date"
STORE_WEATHER = """
    SELECT occurred_at::DATE AS date, count(*) AS source_events
    FROM weather_events
    WHERE location_kind = 'store'
    GROUP BY date
"""
PRICE_CHANGES = """
    SELECT date, count(*) AS source_events
    FROM (
        SELECT effective_at::DATE AS date FROM price_events
        UNION ALL
        SELECT occurred_at::DATE AS date FROM inventory_events WHERE event_type = 'product_updated'
    )
    GROUP BY date
"""

# Every arrival makes it greater where it may matter. Weather holds for a day, so an observation touches its day and the
# next; prices hold without end; a plan touches each day between the first start and the last end of its versions.
EVENTS_OF_SALES = f"""
    WITH sold AS ({of_day("sales")}),
    observed AS ({of_day("store_weather")}),
    planned AS (
        SELECT date, sum(versions) AS source_events
        FROM sold JOIN (
            SELECT count(*) AS versions, min(starts_at)::DATE AS first, max(ends_at)::DATE AS last
            FROM promotion_events
            WHERE event_type = 'promotion_planned'
            GROUP BY plan_id
        ) AS plan ON date BETWEEN first AND last
        GROUP BY date
    )
    SELECT
        sold.date,
        (
            sold.source_events + coalesce(observed.source_events, 0) + coalesce(day_before.source_events, 0)
            + coalesce(priced.source_events, 0) + coalesce(planned.source_events, 0)
        )::BIGINT AS source_events
    FROM sold
    LEFT JOIN observed ON sold.date = observed.date
    LEFT JOIN observed AS day_before ON sold.date = day_before.date + 1
    ASOF LEFT JOIN ({up_to_day("price_changes")}) AS priced ON sold.date >= priced.date
    LEFT JOIN planned ON sold.date = planned.date
"""

_SQL = f"""
    WITH sales AS (
        SELECT
            occurred_at::DATE AS date,
            if(event_type = 'order_placed', 'online', 'pos') AS channel,
            coalesce(order_id, transaction_id) AS transaction_id,
            * EXCLUDE (transaction_id, product_id, quantity, unit_price, category, brand)
        FROM ({_SALES})
    ),
    lines AS (
        SELECT
            date, event_id, occurred_at, channel, transaction_id, visitor_id, customer_id, store_id, country,
            generate_subscripts(lines, 1) AS line_number,
            unnest(lines, recursive := true)
        FROM sales
    ),
    products AS (
        SELECT
            product_id,
            occurred_at AS updated_at,
            arg_max(struct_pack(category, brand, list_price), event_id) AS product
        FROM inventory_events
        WHERE event_type = 'product_updated'
        GROUP BY product_id, updated_at
    ),
    prices AS (
        SELECT product_id, effective_at, arg_max(new_price, (occurred_at, event_id)) AS new_price
        FROM price_events
        GROUP BY product_id, effective_at
    ),
    weather AS (
        SELECT
            location_id AS store_id,
            occurred_at AS observed_at,
            arg_max(struct_pack(temperature_c, precipitation_mm, wind_m_per_s, condition), event_id) AS seen
        FROM weather_events
        WHERE location_kind = 'store'
        GROUP BY store_id, observed_at
    ),
    known AS (
        SELECT
            lines.* EXCLUDE (category, brand),
            coalesce(lines.category, product.category) AS category,
            coalesce(lines.brand, product.brand) AS brand,
            product.list_price AS list_price,
            coalesce(new_price, product.list_price) AS own_price,
            if(occurred_at - observed_at <= INTERVAL 24 HOUR, struct_pack(observed_at, seen), NULL) AS weather
        FROM lines
        ASOF LEFT JOIN products ON lines.product_id = products.product_id AND occurred_at >= updated_at
        ASOF LEFT JOIN prices ON lines.product_id = prices.product_id AND occurred_at >= effective_at
        ASOF LEFT JOIN weather ON lines.store_id = weather.store_id AND occurred_at >= observed_at
    ),
    plans AS (
        SELECT plan_id, channels, starts_at, ends_at, unnest(
            CASE WHEN product_ids IS NULL AND category IS NULL THEN [struct_pack(kind := 'all', of := '')]
            ELSE [struct_pack(kind := 'product', of := each) FOR each IN coalesce(product_ids, [])]
                || if(category IS NULL, [], [struct_pack(kind := 'category', of := category)])
            END
        ) AS target
        FROM ({_PLANS})
    ),
    promoted AS (
        SELECT event_id, line_number, list(plan_id ORDER BY starts_at DESC, plan_id) AS promotion_ids
        FROM (
            SELECT DISTINCT event_id, line_number, plan_id, starts_at
            FROM (
                SELECT event_id, line_number, occurred_at, channel, unnest([
                    struct_pack(kind := 'all', of := ''),
                    struct_pack(kind := 'product', of := product_id),
                    struct_pack(kind := 'category', of := category)
                ]) AS target
                FROM known
            ) JOIN plans USING (target)
            WHERE occurred_at >= starts_at AND occurred_at < ends_at
                AND (channels IS NULL OR list_contains(channels, channel))
        )
        GROUP BY event_id, line_number
    )
    SELECT
        known.*,
        1 - unit_price::DOUBLE / nullif(own_price, 0) AS discount_ratio,
        coalesce(promotion_ids, []) AS promotion_ids,
        weather.observed_at AS weather_observed_at,
        unnest(weather.seen),
        source_events
    FROM known JOIN days USING (date) LEFT JOIN promoted USING (event_id, line_number)
"""


def transaction_lines(sales: Events, feeds: Feeds, days: Rows) -> pa.Table:
    """Return one row per line of an order or a sale of whole days of silver.

    ``feeds`` must reach from a day before the first day, what is not weather from the beginning, to the end of the
    last. ``days`` holds ``EVENTS_OF_SALES``.
    """
    clickstream_events, pos_events = sales
    tables = {"clickstream_events": clickstream_events, "pos_events": pos_events, "days": days}
    return contracted(run_sql(_SQL, **tables, **feeds._asdict()), SILVER_TRANSACTION_LINES)
