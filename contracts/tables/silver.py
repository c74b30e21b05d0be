"""Silver: accepted events, what was rejected and what was decided on it, sessions."""

from __future__ import annotations

from contracts.tables.table import ADDRESS, LINE, MONEY, TIMES, TOTAL, Column, Table
from contracts.topics import (
    CLICKSTREAM,
    COMPETITOR_PRICES,
    INVENTORY,
    POS,
    PRICES,
    PROMOTIONS,
    REVIEWS,
    WEATHER,
    Topic,
)

_ENVELOPE = (
    Column("event_id", "string"),
    Column("event_type", "string"),
    Column("schema_version", "int"),
    Column("occurred_at", "timestamp", "the event's own time"),
    *TIMES,
    Column("producer", "string", "the event's producer, as the event says"),
    Column("sent_by", "string", "the Kafka header `producer`: the process that sent it"),
)

SILVER_CLICKSTREAM_EVENTS = Table(
    name="silver.clickstream_events",
    grain="one accepted clickstream event; insert-only, the first arrival of an event_id wins",
    key=("event_id",),
    columns=(
        *_ENVELOPE,
        Column("visitor_id", "string"),
        Column("customer_id", "string"),
        Column("device", "string"),
        Column("country", "string"),
        Column("user_agent", "string"),
        Column("page_url", "string"),
        Column("referrer", "string"),
        Column("query", "string"),
        Column("results_count", "int"),
        Column("product_id", "string"),
        Column("category", "string"),
        Column("brand", "string"),
        Column("quantity", "int"),
        Column("unit_price", MONEY),
        Column("order_id", "string"),
        Column("lines", f"array<{LINE}>"),
        Column("request_id", "string"),
        Column("placement", "string"),
        Column("position", "int", "of the product clicked; of a list: of its first product, null for 1"),
        Column("product_ids", "array<string>", "recommended products, best first"),
        Column("model", "string"),
        Column("model_version", "string"),
        Column("source", "string"),
        Column("experiment", "string", "the one that decided on the list"),
        Column("variant", "string", "the visitor's in that experiment"),
        Column("propensities", "array<double>", "of each of product_ids: with which it was put at its position"),
        *ADDRESS,
    ),
)

SILVER_POS_EVENTS = Table(
    name="silver.pos_events",
    grain="one accepted sale or return of a till; insert-only, the first arrival of an event_id wins",
    key=("event_id",),
    columns=(
        *_ENVELOPE,
        Column("store_id", "string"),
        Column("register_id", "string"),
        Column("transaction_id", "string", "the sale; on a return the sale it belongs to, where known"),
        Column("return_id", "string"),
        Column("customer_id", "string"),
        Column("country", "string"),
        Column("lines", f"array<{LINE}>", "quantities are positive on returns too"),
        *ADDRESS,
    ),
)

SILVER_INVENTORY_EVENTS = Table(
    name="silver.inventory_events",
    grain="one accepted change of a product's master data or stock level; insert-only, the first arrival wins",
    key=("event_id",),
    columns=(
        *_ENVELOPE,
        Column("product_id", "string"),
        Column("name", "string"),
        Column("category", "string"),
        Column("brand", "string"),
        Column("list_price", MONEY, "before own price changes and promotions"),
        Column("is_active", "boolean", "whether the shop sells it"),
        Column("location_id", "string", "the store or warehouse of a stock level"),
        Column("location_kind", "string", "store or warehouse"),
        Column("quantity_on_hand", "int", "the level after the change"),
        Column("change_reason", "string"),
        *ADDRESS,
    ),
)

SILVER_PRICE_EVENTS = Table(
    name="silver.price_events",
    grain="one accepted change of an own price; insert-only, the first arrival of an event_id wins",
    key=("event_id",),
    columns=(
        *_ENVELOPE,
        Column("product_id", "string"),
        Column("old_price", MONEY, "null where it is the first"),
        Column("new_price", MONEY, "before promotions"),
        Column("change_reason", "string"),
        Column("effective_at", "timestamp", "from when on the new price holds"),
        *ADDRESS,
    ),
)

SILVER_COMPETITOR_PRICE_EVENTS = Table(
    name="silver.competitor_price_events",
    grain="one accepted observation of a competitor's price; insert-only, the first arrival of an event_id wins",
    key=("event_id",),
    columns=(
        *_ENVELOPE,
        Column("product_id", "string"),
        Column("competitor", "string"),
        Column("price", MONEY),
        Column("url", "string"),
        *ADDRESS,
    ),
)

SILVER_PROMOTION_EVENTS = Table(
    name="silver.promotion_events",
    grain="one accepted plan of a promotion or a campaign; insert-only: of one plan_id the latest occurred_at holds",
    key=("event_id",),
    columns=(
        *_ENVELOPE,
        Column("plan_id", "string", "of the promotion or the campaign"),
        Column("name", "string"),
        Column("promotion_kind", "string", "percent, amount or bundle"),
        Column("discount", MONEY, "percent or amount off a unit; percent off each unit of a line (bundle)"),
        Column("bundle_quantity", "int", "units that a line must have (bundle)"),
        Column("product_ids", "array<string>", "null with category null: everything"),
        Column("category", "string"),
        Column("channels", "array<string>", "online, pos; null: all"),
        Column("starts_at", "timestamp"),
        Column("ends_at", "timestamp", "exclusive"),
        Column("campaign_channel", "string"),
        Column("audience", "string"),
        Column("budget", MONEY),
        Column("promotion_ids", "array<string>", "plan_id of the campaign's promotions"),
        *ADDRESS,
    ),
)

SILVER_WEATHER_EVENTS = Table(
    name="silver.weather_events",
    grain="one accepted observation of the weather at a place; insert-only, the first arrival of an event_id wins",
    key=("event_id",),
    columns=(
        *_ENVELOPE,
        Column("location_id", "string", "the store or city"),
        Column("location_kind", "string", "store or city"),
        Column("temperature_c", "double"),
        Column("precipitation_mm", "double", "in the hour before"),
        Column("wind_m_per_s", "double"),
        Column("condition", "string"),
        *ADDRESS,
    ),
)

SILVER_REVIEW_EVENTS = Table(
    name="silver.review_events",
    grain="one accepted review of a product; insert-only, the first arrival of an event_id wins",
    key=("event_id",),
    columns=(
        *_ENVELOPE,
        Column("review_id", "string"),
        Column("product_id", "string"),
        Column("rating", "int", "1 to 5"),
        Column("title", "string"),
        Column("text", "string"),
        Column("visitor_id", "string"),
        Column("customer_id", "string"),
        Column("is_verified", "boolean", "whether the shop knows of the purchase"),
        *ADDRESS,
    ),
)

EVENT_TABLES: dict[Topic, Table] = {
    CLICKSTREAM: SILVER_CLICKSTREAM_EVENTS,
    POS: SILVER_POS_EVENTS,
    INVENTORY: SILVER_INVENTORY_EVENTS,
    PRICES: SILVER_PRICE_EVENTS,
    COMPETITOR_PRICES: SILVER_COMPETITOR_PRICE_EVENTS,
    PROMOTIONS: SILVER_PROMOTION_EVENTS,
    WEATHER: SILVER_WEATHER_EVENTS,
    REVIEWS: SILVER_REVIEW_EVENTS,
}
"""Topic → the silver table of its events. A column is named as the field; none as one of rejected events alone."""

SILVER_REJECTED_EVENTS = Table(
    name="silver.rejected_events",
    grain="one message that is not an event",
    key=("rejected_id",),
    columns=(
        Column(
            "rejected_id",
            "string",
            "of source file, line and bytes where it was replayed from a file, else of its address",
        ),
        *ADDRESS,
        Column("reason", "string", "contracts.events.Reason"),
        Column("field", "string"),
        Column("message", "string"),
        Column("value", "binary", "the raw bytes"),
        Column("sent_by", "string"),
        Column("source_file", "string"),
        Column("source_line", "bigint"),
        *TIMES,
    ),
)

CHECKED_TABLES = (*EVENT_TABLES.values(), SILVER_REJECTED_EVENTS)
"""Where every message is once it was checked: as an event, or rejected."""

SILVER_REJECTED_DECISIONS = Table(
    name="silver.rejected_decisions",
    grain="one decision on a rejected event; append-only, the latest of an event counts",
    key=("rejected_id", "decided_at"),
    columns=(
        Column("rejected_id", "string"),
        Column("decision", "string", "replayed or dropped"),
        Column("decided_at", "timestamp"),
        Column("because", "string", "why it was dropped"),
        Column("patch", "string", "the JSON Patch that repaired it; null where it was sent as it was"),
        Column("event_id", "string", "of the event that was sent"),
    ),
)

SILVER_EVENT_COUNTS_DAILY = Table(
    name="silver.event_counts_daily",
    grain="one kind of event and day (UTC) that has any: how many silver held when batch last looked",
    key=("counted", "date"),
    columns=(
        Column("counted", "string", "what: a name of batch_processing/event_counts.py"),
        Column("date", "date"),
        Column("source_events", "bigint"),
    ),
)

SILVER_PRODUCT_CATEGORIES = Table(
    name="silver.product_categories",
    grain="one product and day (UTC) on which an event named its category: the last one",
    key=("product_id", "date"),
    columns=(
        Column("product_id", "string"),
        Column("date", "date"),
        Column("category", "string"),
        Column("source_events", "bigint", "facts of the day with any category, when it was built"),
    ),
)

SILVER_CUSTOMER_VISITORS = Table(
    name="silver.customer_visitors",
    grain="one stretch of one day (UTC) in which one visitor's events name one customer, none of another between",
    key=("visitor_id", "first_seen_at"),
    columns=(
        Column("date", "date"),
        Column("visitor_id", "string"),
        Column("customer_id", "string"),
        Column("first_seen_at", "timestamp", "the stretch's first event that names the customer"),
        Column("last_seen_at", "timestamp", "the last one"),
        Column("event_count", "bigint", "events that name the customer"),
        Column("source_events", "bigint", "events of the day that name any customer, when it was built"),
    ),
)

SILVER_TRANSACTION_LINES = Table(
    name="silver.transaction_lines",
    grain="one line of an online order or a till's sale, with what held at its time; days as in UTC",
    key=("event_id", "line_number"),
    columns=(
        Column("date", "date", "of occurred_at"),
        Column("event_id", "string", "of the order or the sale"),
        Column("line_number", "int", "from 1, in the order of the event"),
        Column("occurred_at", "timestamp"),
        Column("channel", "string", "online or pos"),
        Column("transaction_id", "string", "the order or the sale"),
        Column("visitor_id", "string", "null in stores"),
        Column("customer_id", "string", "as the event names it"),
        Column("store_id", "string", "null online"),
        Column("country", "string"),
        Column("product_id", "string"),
        Column("category", "string", "the line's; else that of the master data up to then"),
        Column("brand", "string", "the line's; else that of the master data up to then"),
        Column("quantity", "int"),
        Column("unit_price", MONEY, "paid"),
        Column("list_price", MONEY, "of the master data up to then; null before the first"),
        Column("own_price", MONEY, "of the last price change in effect, else list_price; before promotions"),
        Column("discount_ratio", "double", "1 - unit_price / own_price: below 0 where more was paid; null without one"),
        Column("promotion_ids", "array<string>", "those that held, the last to start first, then by plan_id"),
        Column("weather_observed_at", "timestamp", "the store's last observation, at most 24 hours old; null online"),
        Column("temperature_c", "double"),
        Column("precipitation_mm", "double", "in the hour before the observation"),
        Column("wind_m_per_s", "double"),
        Column("condition", "string"),
        Column(
            "source_events",
            "bigint",
            "silver events that the day's rows may depend on when it was built: where it differs, it is stale",
        ),
    ),
)

SILVER_SESSIONS = Table(
    name="silver.sessions",
    grain="one session of a visitor: activity with no gap over 30 minutes; recommendations_shown is not activity",
    key=("session_id",),
    clustered_by="started_at",
    columns=(
        Column("session_id", "string", "of the visitor and the session's first event"),
        Column("visitor_id", "string"),
        Column("customer_id", "string", "the last one seen in the session"),
        Column("device", "string", "the last one seen in the session"),
        Column("country", "string", "the last one seen in the session"),
        Column("started_at", "timestamp"),
        Column("ended_at", "timestamp", "time of the last event"),
        Column("event_count", "int"),
        Column("product_view_count", "int"),
        Column("cart_add_count", "int"),
        Column("cart_remove_count", "int"),
        Column("search_count", "int"),
        Column("order_count", "int"),
        Column("revenue", TOTAL),
        Column(
            "product_ids",
            "array<string>",
            "products viewed, put into the cart, clicked or ordered, in that order, repeats kept",
        ),
        Column(
            "is_bot",
            "boolean",
            "20 events within 60 s, or 30 at nearly constant gaps; null in sessions of older lakes",
        ),
    ),
)
