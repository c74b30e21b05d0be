"""Kafka topics: which events they carry, and the key that keeps the events of one subject in order.

The subject is a visitor, a store, a product, a plan (of a promotion or a campaign) or a place with its weather.
"""

from __future__ import annotations

from dataclasses import dataclass

from contracts.errors import UnknownNameError

# Kafka headers that a producer may set beside the event.
PRODUCER_HEADER = "producer"
SOURCE_FILE_HEADER = "source_file"
SOURCE_LINE_HEADER = "source_line"
MAPPING_ERROR_HEADER = "mapping_error"
# W3C Trace Context: the trace that the message goes on in.
TRACEPARENT_HEADER = "traceparent"
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
# What follows comes in hundreds an hour, not thousands a second.
INVENTORY = Topic(
    name="inventory",
    event_types=("product_updated", "stock_level_changed"),
    key_field="product_id",
    partitions=2,
)
PRICES = Topic(name="prices", event_types=("price_changed",), key_field="product_id", partitions=1)
COMPETITOR_PRICES = Topic(
    name="competitor_prices",
    event_types=("competitor_price_observed",),
    key_field="product_id",
    partitions=1,
)
PROMOTIONS = Topic(
    name="promotions",
    event_types=("promotion_planned", "campaign_planned"),
    key_field="plan_id",
    partitions=1,
)
WEATHER = Topic(name="weather", event_types=("weather_observed",), key_field="location_id", partitions=1)
REVIEWS = Topic(name="reviews", event_types=("review_posted",), key_field="product_id", partitions=1)
TOPICS: tuple[Topic, ...] = (
    CLICKSTREAM,
    POS,
    INVENTORY,
    PRICES,
    COMPETITOR_PRICES,
    PROMOTIONS,
    WEATHER,
    REVIEWS,
)

_TOPIC_OF = {event_type: topic for topic in TOPICS for event_type in topic.event_types}


def topic_of(event_type: str) -> Topic:
    """Return the topic that carries ``event_type``; raises ``UnknownNameError``."""
    try:
        return _TOPIC_OF[event_type]
    except KeyError:
        known = ", ".join(sorted(_TOPIC_OF))
        msg = f"unknown event type {event_type!r}: expected one of {known}"
        raise UnknownNameError(msg) from None
