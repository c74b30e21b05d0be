"""Kafka topics: which events they carry, and the key that keeps one visitor's events in order.

The feeds that follow (inventory, prices, promotions, weather, reviews) become one ``Topic`` each here,
one schema each in ``contracts/schemas`` and one bronze table each in ``contracts/tables.py``.
"""

from __future__ import annotations

from dataclasses import dataclass

from contracts.errors import UnknownNameError

# Kafka headers that a producer may set beside the event.
PRODUCER_HEADER = "producer"
SOURCE_FILE_HEADER = "source_file"
SOURCE_LINE_HEADER = "source_line"
MAPPING_ERROR_HEADER = "mapping_error"
# The rejected_id that a message was replayed from.
REPAIRED_FROM_HEADER = "repaired_from"


@dataclass(frozen=True)
class Topic:
    """One topic: its events, the event field used as the message key, and its default partitions."""

    name: str
    event_types: tuple[str, ...]
    key_field: str
    partitions: int = 4


CLICKSTREAM = Topic(
    name="clickstream",
    event_types=(
        "page_viewed",
        "search_performed",
        "product_viewed",
        "product_added_to_cart",
        "product_removed_from_cart",
        "checkout_started",
        "order_placed",
        "recommendations_shown",
        "recommendation_clicked",
    ),
    key_field="visitor_id",
)
POS = Topic(
    name="pos",
    event_types=("pos_transaction_completed", "pos_return_completed"),
    key_field="store_id",
)
TOPICS: tuple[Topic, ...] = (CLICKSTREAM, POS)

_TOPIC_OF = {event_type: topic for topic in TOPICS for event_type in topic.event_types}


def topic_of(event_type: str) -> Topic:
    """Return the topic that carries ``event_type``; raises ``UnknownNameError``."""
    try:
        return _TOPIC_OF[event_type]
    except KeyError:
        known = ", ".join(sorted(_TOPIC_OF))
        msg = f"unknown event type {event_type!r}: expected one of {known}"
        raise UnknownNameError(msg) from None
