"""What happened to products, as SQL over silver: the rows that every batch table is counted from.

What bots view and put into carts says nothing of products and does not count; what is sold counts, whoever bought it.
The queries read the table ``bot_sessions``: those of ``silver.sessions`` that are a bot's.
"""

from __future__ import annotations


def _touches(by: str) -> str:
    """Return SQL for the views and cart changes that have (SEMI) or have not (ANTI) a bot's session."""
    return f"""
        SELECT
            event_id, event_type, occurred_at, event.visitor_id, customer_id,
            product_id, quantity, unit_price, category, brand
        FROM clickstream_events AS event {by} JOIN bot_sessions AS bot
            ON event.visitor_id = bot.visitor_id AND occurred_at BETWEEN started_at AND ended_at
        WHERE event_type IN ('product_viewed', 'product_added_to_cart', 'product_removed_from_cart')
    """


_TOUCHES = _touches("ANTI")

# One row per line of an order, sale or return, the line's members as columns; quantities are positive on returns too.
DEAL_LINES = """
    SELECT
        *,
        event_type <> 'pos_return_completed' AS sold,
        quantity * unit_price::DECIMAL(38, 4) AS amount
    FROM (
        SELECT event_id, event_type, occurred_at, visitor_id, customer_id, unnest(lines, recursive := true)
        FROM clickstream_events
        WHERE event_type = 'order_placed'
        UNION ALL BY NAME
        SELECT event_id, event_type, occurred_at, customer_id, unnest(lines, recursive := true)
        FROM pos_events
    )
"""

# One row per view, cart change or line; sold and amount are null where nothing was sold or returned.
PRODUCT_FACTS = f"""
    {_TOUCHES}
    UNION ALL BY NAME
    {DEAL_LINES}
"""

# One row per order, sale or return of at least one line.
DEALS = """
    SELECT *, event_type <> 'pos_return_completed' AS sold
    FROM (
        SELECT event_type, occurred_at, customer_id, lines FROM clickstream_events WHERE event_type = 'order_placed'
        UNION ALL
        SELECT event_type, occurred_at, customer_id, lines FROM pos_events
    )
    WHERE len(lines) > 0
"""

# One row per event that has facts: count these rather than distinct events of facts, which costs four times as much.
FACTUAL_EVENTS = f"""
    {_TOUCHES}
    UNION ALL BY NAME
    {DEALS}
"""

# The measures of a group of facts: the columns that the product tables share.
PRODUCT_MEASURES = """
    count(*) FILTER (event_type = 'product_viewed') AS views,
    count(DISTINCT visitor_id) FILTER (event_type = 'product_viewed') AS viewers,
    count(*) FILTER (event_type = 'product_added_to_cart') AS cart_adds,
    count(*) FILTER (event_type = 'product_removed_from_cart') AS cart_removes,
    count(DISTINCT event_id) FILTER (sold) AS orders,
    coalesce(sum(quantity) FILTER (sold), 0) AS units_sold,
    round(coalesce(sum(amount) FILTER (sold), 0), 2) AS revenue,
    coalesce(sum(quantity) FILTER (NOT sold), 0) AS units_returned,
    round(coalesce(sum(amount) FILTER (NOT sold), 0), 2) AS refunded
"""

# One row per day (UTC) with a fact, and the number of events that its facts come from. Those left out count twice, so
# that the sum grows with each event, also with one that shows that those before it were a bot's.
EVENTS_OF_DAYS = f"""
    SELECT occurred_at::DATE AS date, sum(weight)::BIGINT AS source_events
    FROM (
        SELECT occurred_at, 1 AS weight FROM ({_TOUCHES})
        UNION ALL
        SELECT occurred_at, 2 FROM ({_touches("SEMI")})
        UNION ALL
        SELECT occurred_at, 1 FROM clickstream_events WHERE event_type = 'order_placed'
        UNION ALL
        SELECT occurred_at, 1 FROM pos_events
    )
    GROUP BY date
    HAVING min(weight) = 1
"""
