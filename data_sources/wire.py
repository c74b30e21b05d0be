"""From a simulated event to a message for the bus."""

from __future__ import annotations

import orjson

from contracts import Event, Message, topic_of
from contracts.topics import PRODUCER_HEADER

SENDER = "simulator"
HEADERS = ((PRODUCER_HEADER, SENDER.encode()),)


def message_of(event: Event) -> Message:
    """Return the message of an event on its topic: the fields in the order they have, no spaces."""
    topic = topic_of(event["event_type"])
    return Message(topic.name, str(event[topic.key_field]).encode(), orjson.dumps(event), HEADERS)
