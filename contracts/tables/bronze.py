"""Bronze: every message as it came, one table a topic."""

from __future__ import annotations

from contracts.tables.table import ADDRESS, TIMES, Column, Table
from contracts.topics import CLICKSTREAM, POS, Topic


def bronze_table(topic: Topic) -> Table:
    """Return the bronze table of a topic: every message as it came, good or bad."""
    return Table(
        name=f"bronze.{topic.name}",
        grain="one Kafka message",
        key=("topic", "partition", "offset"),
        columns=(
            *ADDRESS,
            Column("key", "binary"),
            Column("value", "binary", "the raw bytes"),
            Column("headers", "array<struct<key:string,value:binary>>"),
            *TIMES,
        ),
    )


BRONZE_CLICKSTREAM = bronze_table(CLICKSTREAM)
BRONZE_POS = bronze_table(POS)
