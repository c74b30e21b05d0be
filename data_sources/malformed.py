"""Ways to break an event, each with the reason that the contract gives for rejecting it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

import orjson

from contracts import TOPICS, Event, Message, Reason, topic_of
from data_sources.wire import HEADERS


@dataclass(frozen=True)
class Malformation:
    """One way to break an event: ``spoil`` gets an event of its own id and returns the bytes.

    Every result holds the event id, so that no two malformed messages have the same bytes.
    """

    name: str
    reason: Reason
    spoil: Callable[[Event], bytes]
    on_other_topic: bool = False
    needs_price: bool = False


def _with(**fields: Any) -> Callable[[Event], bytes]:
    return lambda event: orjson.dumps({**event, **fields})


def _without(field: str) -> Callable[[Event], bytes]:
    return lambda event: orjson.dumps({name: value for name, value in event.items() if name != field})


def _key_field(event: Event) -> str:
    return topic_of(event["event_type"]).key_field


def _with_price(price: object) -> Callable[[Event], bytes]:
    """Put a price on the event itself, or on its first line."""

    def spoil(event: Event) -> bytes:
        if "lines" not in event:
            return orjson.dumps({**event, "unit_price": price})
        first, *others = event["lines"]
        return orjson.dumps({**event, "lines": [{**first, "unit_price": price}, *others]})

    return spoil


MALFORMATIONS = (
    Malformation("truncated", Reason.NOT_JSON, lambda e: orjson.dumps(e)[:-7]),
    Malformation("not_utf8", Reason.NOT_JSON, lambda e: orjson.dumps(e).replace(b'"producer":"', b'"producer":"\xff')),
    Malformation("not_a_number", Reason.NOT_JSON, lambda e: orjson.dumps(e)[:-1] + b',"score":NaN}'),
    Malformation("a_list", Reason.NOT_AN_OBJECT, lambda e: orjson.dumps([e])),
    Malformation("without_key", Reason.MISSING_FIELD, lambda e: _without(_key_field(e))(e)),
    Malformation("without_time", Reason.MISSING_FIELD, _without("occurred_at")),
    Malformation("unknown_type", Reason.UNKNOWN_EVENT_TYPE, _with(event_type="product_admired")),
    Malformation("future_version", Reason.UNKNOWN_SCHEMA_VERSION, _with(schema_version=99)),
    Malformation("wrong_topic", Reason.WRONG_TOPIC, orjson.dumps, on_other_topic=True),
    Malformation("number_as_key", Reason.WRONG_TYPE, lambda e: _with(**{_key_field(e): 4711})(e)),
    Malformation("price_as_number", Reason.WRONG_TYPE, _with_price(19.99), needs_price=True),
    Malformation("negative_price", Reason.INVALID_VALUE, _with_price("-19.99"), needs_price=True),
    Malformation("time_without_zone", Reason.INVALID_VALUE, lambda e: _with(occurred_at=e["occurred_at"][:-1])(e)),
)
_UNPRICED = tuple(kind for kind in MALFORMATIONS if not kind.needs_price)


def malformations_for(event: Event) -> tuple[Malformation, ...]:
    """Return the ways in which this event can be broken."""
    return MALFORMATIONS if "unit_price" in event or "lines" in event else _UNPRICED


def malform(event: Event, event_id: str, rng: Random) -> tuple[Malformation, Message]:
    """Return a broken copy of ``event`` under an id of its own, and how it was broken."""
    kind = rng.choice(malformations_for(event))
    return kind, malformed_message(kind, event, event_id)


def malformed_message(kind: Malformation, event: Event, event_id: str) -> Message:
    """Return the message of ``event`` broken in that way."""
    topic = topic_of(event["event_type"])
    sent_on = next(other for other in TOPICS if other is not topic) if kind.on_other_topic else topic
    value = kind.spoil({**event, "event_id": event_id})
    return Message(sent_on.name, str(event[topic.key_field]).encode(), value, HEADERS)
