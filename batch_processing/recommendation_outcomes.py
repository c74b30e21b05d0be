"""gold.recommendation_outcomes: what came of each product that was shown in a list.

Grain: one product at one position of one shown list; key: the list's event and the position. Lists of bots' sessions,
up to 30 minutes after their end, are left out.

- A click belongs to the last list of its visitor and request that shows the product, at or before the click and at
  most 24 hours before it; where such a list shows it twice, to the first position.
- A line of an order belongs to its visitor's last such click on the product, at or before the order and at most 24
  hours before it. So no line counts twice, and what sells without a click counts nowhere.

CTR, conversion and revenue by anything are sums: clicked rows over rows, orders over rows, revenue.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import pyarrow as pa

from batch_processing.days import DAY
from batch_processing.source_events import of_day
from contracts.tables import GOLD_RECOMMENDATION_OUTCOMES
from data_lake.schemas import contracted
from data_lake.sql import Rows, run_sql

# What may decide on a list of a day: lists of the day before, whose clicks compete for an order; and up to the end of
# the second day after, a click a day after the list and an order a day after the click.
_DAYS_BEFORE, _DAYS_AFTER = 1, 2


def _lists(by: str) -> str:
    """Return SQL for the lists that belong (SEMI) or do not belong (ANTI) to a bot's session."""
    return f"""
        SELECT event.*
        FROM clickstream_events AS event {by} JOIN bot_sessions AS bot
            ON event.visitor_id = bot.visitor_id
            AND occurred_at BETWEEN started_at AND ended_at + INTERVAL 30 MINUTE
        WHERE event_type = 'recommendations_shown' AND len(product_ids) > 0
    """


LISTS_OF_DAYS = f"SELECT occurred_at::DATE AS date, count(*) AS source_events FROM ({_lists('ANTI')}) GROUP BY date"

# Bots' lists count twice, so that the sum also grows with the event that shows that they are a bot's.
DECIDING_EVENTS = f"""
    SELECT occurred_at::DATE AS date, sum(weight)::BIGINT AS source_events
    FROM (
        SELECT occurred_at, 1 AS weight FROM ({_lists("ANTI")})
        UNION ALL
        SELECT occurred_at, 2 FROM ({_lists("SEMI")})
        UNION ALL
        SELECT occurred_at, 1 FROM clickstream_events
        WHERE event_type IN ('recommendation_clicked', 'order_placed')
    )
    GROUP BY date
"""

EVENTS_OF_OUTCOMES = f"""
    SELECT shown.date, sum(deciding.source_events)::BIGINT AS source_events
    FROM ({of_day("shown_lists")}) AS shown JOIN ({of_day("events_deciding_on_lists")}) AS deciding
        ON deciding.date BETWEEN shown.date - {_DAYS_BEFORE} AND shown.date + {_DAYS_AFTER}
    GROUP BY shown.date
"""

_SQL = f"""
    WITH shown AS (
        SELECT
            occurred_at::DATE AS date, event_id, occurred_at AS shown_at, request_id, visitor_id, customer_id,
            placement, model, model_version, source, experiment, variant, propensities,
            coalesce(listed.position, 1) AS first_position,
            unnest(product_ids) AS product_id,
            generate_subscripts(product_ids, 1) AS position
        FROM ({_lists("ANTI")}) AS listed
    ),
    first_places AS (
        SELECT visitor_id, request_id, product_id, shown_at, min(struct_pack(event_id, position)) AS place
        FROM shown
        GROUP BY visitor_id, request_id, product_id, shown_at
    ),
    clicks AS (
        SELECT click.visitor_id, click.product_id, click.request_id, occurred_at AS clicked_at, place
        FROM clickstream_events AS click ASOF JOIN first_places AS first
            ON click.visitor_id = first.visitor_id
            AND click.request_id = first.request_id
            AND click.product_id = first.product_id
            AND occurred_at >= shown_at
        WHERE event_type = 'recommendation_clicked' AND occurred_at <= shown_at + INTERVAL 24 HOUR
    ),
    clicked AS (SELECT place, min(clicked_at) AS clicked_at, count(*) AS clicks FROM clicks GROUP BY place),
    last_clicks AS (
        SELECT visitor_id, product_id, clicked_at, max(place) AS place
        FROM clicks
        GROUP BY visitor_id, product_id, clicked_at
    ),
    lines AS (
        SELECT event_id, visitor_id, occurred_at AS ordered_at, unnest(lines, recursive := true)
        FROM clickstream_events
        WHERE event_type = 'order_placed'
    ),
    ordered AS (
        SELECT
            place,
            count(DISTINCT event_id) AS orders,
            sum(quantity) AS units,
            round(sum(quantity * unit_price::DECIMAL(38, 4)), 2) AS revenue
        FROM lines ASOF JOIN last_clicks
            ON lines.visitor_id = last_clicks.visitor_id
            AND lines.product_id = last_clicks.product_id
            AND ordered_at >= clicked_at
        WHERE ordered_at <= clicked_at + INTERVAL 24 HOUR
        GROUP BY place
    )
    SELECT
        shown.* REPLACE (first_position + shown.position - 1 AS position),
        propensities[shown.position] AS propensity,
        clicked_at,
        coalesce(clicks, 0) AS clicks,
        coalesce(orders, 0) AS orders,
        coalesce(units, 0) AS units,
        coalesce(revenue, 0) AS revenue,
        source_events
    FROM shown JOIN days USING (date)
    LEFT JOIN clicked ON clicked.place.event_id = shown.event_id AND clicked.place.position = shown.position
    LEFT JOIN ordered ON ordered.place.event_id = shown.event_id AND ordered.place.position = shown.position
"""


def days_read_for(days: Iterable[date]) -> set[date]:
    """Return the days whose events may decide on lists shown on the given ones, these among them."""
    return {day + number * DAY for day in days for number in range(-_DAYS_BEFORE, _DAYS_AFTER + 1)}


def recommendation_outcomes(clickstream_events: Rows, bot_sessions: Rows, days: Rows) -> pa.Table:
    """Return one row per product of every list shown on the days (UTC) that stand in ``days``.

    ``clickstream_events`` must hold ``days_read_for`` them, ``bot_sessions`` those of ``silver.sessions`` that are a
    bot's, ``days`` their ``EVENTS_OF_OUTCOMES``.
    """
    rows = run_sql(_SQL, clickstream_events=clickstream_events, bot_sessions=bot_sessions, days=days)
    return contracted(rows, GOLD_RECOMMENDATION_OUTCOMES)
