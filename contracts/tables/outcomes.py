"""Gold: what came of what was shown."""

from __future__ import annotations

from contracts.tables.table import TOTAL, Column, Table

GOLD_RECOMMENDATION_OUTCOMES = Table(
    name="gold.recommendation_outcomes",
    grain="one product at one position of a list shown to a visitor, without bots', and what came of it",
    key=("event_id", "position"),
    columns=(
        Column("date", "date", "of shown_at"),
        Column("event_id", "string", "of the list"),
        Column("position", "int", "from 1, over all pages of the list"),
        Column("shown_at", "timestamp"),
        Column("request_id", "string"),
        Column("visitor_id", "string"),
        Column("customer_id", "string", "as the list names it"),
        Column("placement", "string"),
        Column("product_id", "string"),
        Column("model", "string"),
        Column("model_version", "string"),
        Column("source", "string"),
        Column("experiment", "string", "the one that decided on the list"),
        Column("variant", "string", "the visitor's in that experiment"),
        Column("propensity", "double", "with which the product was put at the position; null where not stated"),
        Column("clicked_at", "timestamp", "the first click, at most 24 hours after the list"),
        Column("clicks", "bigint"),
        Column("orders", "bigint", "orders that hold it, at most 24 hours after a click: of several the last click's"),
        Column("units", "bigint"),
        Column("revenue", TOTAL, "sum of quantity × unit price, rounded once"),
        Column("source_events", "bigint", "events that the day's rows may depend on: where it differs, it is stale"),
    ),
)
