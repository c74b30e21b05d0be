"""gold.customer_product_matrix: what each customer did with each product on each day.

Views and cart changes of a visitor who is not logged in count for the customer whose the browser is then, by
``customer_visitors``; what bots look at does not.

By day rather than as of its end: a late event touches one day, not every day after it, a day costs its own events and
not the history, and the days of any window add up to that window's matrix.
"""

from __future__ import annotations

import pyarrow as pa

from batch_processing.customer_visitors import with_owner
from batch_processing.product_facts import FACTUAL_EVENTS, PRODUCT_FACTS, PRODUCT_MEASURES
from batch_processing.silver import Activity
from batch_processing.source_events import of_day, up_to_day
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

# An event's facts are all of one customer: the one it names, or for a touch the one whose the browser is.
FACTS_OF_VISITORS = f"""
    SELECT occurred_at::DATE AS date, count(*) AS source_events
    FROM ({FACTUAL_EVENTS})
    WHERE customer_id IS NOT NULL OR sold IS NULL
    GROUP BY date
"""
FACTS_OF_CUSTOMERS = f"""
    SELECT occurred_at::DATE AS date, count(*) AS source_events
    FROM ({FACTUAL_EVENTS})
    WHERE customer_id IS NOT NULL
    GROUP BY date
"""

# Whose an anonymous event is follows from who was seen up to the end of the day: such sightings count too, so that a
# late one makes the days after it stale. Before the first of them only days that name a customer can have rows.
EVENTS_OF_CUSTOMERS = f"""
    SELECT date, (facts.source_events + coalesce(seen.source_events, 0))::BIGINT AS source_events
    FROM ({of_day("facts_of_visitors")}) AS facts
    ASOF LEFT JOIN ({up_to_day("customer_sightings")}) AS seen USING (date)
    LEFT JOIN ({of_day("facts_of_customers")}) AS named USING (date)
    WHERE seen.source_events IS NOT NULL OR named.source_events IS NOT NULL
"""


def customer_product_matrix(activity: Activity, customer_visitors: Rows, days: Rows) -> pa.Table:
    """Return one row per customer, product and day (UTC) of whole days of silver; who is not known has none.

    ``customer_visitors`` must reach from the beginning to the last day; ``days`` holds ``EVENTS_OF_CUSTOMERS``.
    """
    rows = run_sql(_SQL, **activity._asdict(), customer_visitors=customer_visitors, days=days)
    return contracted(rows, GOLD_CUSTOMER_PRODUCT_MATRIX)
