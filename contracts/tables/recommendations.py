"""Gold: what batch scoring recommends to each customer."""

from __future__ import annotations

from contracts.tables.table import Column, Table

GOLD_RECOMMENDATIONS = Table(
    name="gold.recommendations",
    grain="one place in the list of one customer known from sessions or sales; a list holds no product that the "
    "customer bought, that was sold out or that the shop did not sell",
    key=("customer_id", "rank"),
    columns=(
        Column("customer_id", "string"),
        Column("rank", "int", "from 1, the best"),
        Column("product_id", "string"),
        Column("score", "double", "comparable within one list and one source only"),
        Column("source", "string", "where the model found the product"),
        Column("model", "string"),
        Column("model_version", "string"),
        Column("scored_at", "timestamp", "the start of the run that made the list"),
        Column(
            "source_events",
            "bigint",
            "events of the customer's sessions and lines that they bought, when it was made: where it differs, the "
            "list is stale",
        ),
    ),
)
