"""gold.customer_product_matrix: what each customer did with each product on each day.

Views and cart changes of a visitor who is not logged in count for the customer whose the browser is then, by
``customer_visitors``; what bots look at does not.

By day rather than as of its end: a late event touches one day, not every day after it, a day costs its own events and
not the history, and the days of any window add up to that window's matrix.
"""

from __future__ import annotations

import pyarrow as pa

from batch_processing.customer_visitors import with_owner
from batch_processing.product_facts import PRODUCT_FACTS, PRODUCT_MEASURES
from batch_processing.silver import Activity
from contracts.tables import GOLD_CUSTOMER_PRODUCT_MATRIX
from data_lake.schemas import contracted
from data_lake.sql import Rows, run_sql

_SQL = f"""
    WITH facts AS (
        SELECT * REPLACE (if(sold IS NULL, coalesce(customer_id, owner_id), customer_id) AS customer_id)
        FROM ({with_owner(PRODUCT_FACTS)})
    )
    SELECT date, customer_id, product_id, {PRODUCT_MEASURES}, source_events
    FROM facts JOIN days ON occurred_at::DATE = date
    WHERE customer_id IS NOT NULL
    GROUP BY date, customer_id, product_id, source_events
"""

# An event's facts are all of one customer. Whose an anonymous one is follows from who was seen on its visitor up to the
# end of the day: each such sighting counts too, so that a late one makes the day stale.
EVENTS_OF_CUSTOMERS = f"""
    WITH facts AS (
        SELECT occurred_at::DATE AS date, visitor_id, customer_id, count(DISTINCT event_id) AS events
        FROM ({PRODUCT_FACTS})
        WHERE customer_id IS NOT NULL OR sold IS NULL
        GROUP BY date, visitor_id, customer_id
    ),
    seen AS (
        SELECT visitor_id, date, sum(sum(event_count)) OVER (PARTITION BY visitor_id ORDER BY date) AS sightings
        FROM customer_visitors
        GROUP BY visitor_id, date
    )
    SELECT date, sum(events)::BIGINT AS source_events
    FROM (
        SELECT date, events FROM facts WHERE customer_id IS NOT NULL
        UNION ALL
        SELECT facts.date, events + sightings
        FROM facts ASOF JOIN seen ON facts.visitor_id = seen.visitor_id AND facts.date >= seen.date
        WHERE customer_id IS NULL
    )
    GROUP BY date
"""


def customer_product_matrix(activity: Activity, customer_visitors: Rows, days: Rows) -> pa.Table:
    """Return one row per customer, product and day (UTC) of whole days of silver; who is not known has none.

    ``customer_visitors`` must reach from the beginning to the last day; ``days`` holds ``EVENTS_OF_CUSTOMERS``.
    """
    rows = run_sql(_SQL, **activity._asdict(), customer_visitors=customer_visitors, days=days)
    return contracted(rows, GOLD_CUSTOMER_PRODUCT_MATRIX)
