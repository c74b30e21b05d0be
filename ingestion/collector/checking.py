"""What becomes of each event of a request: a pure function of its events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from contracts import Event, Message, Rejection, parse_event, topic_of
from contracts.events import NESTS_TOO_DEEP
from contracts.topics import PRODUCER_HEADER
from ingestion.collector.answers import Outcome

PRODUCER = "collector"
_PRODUCER = (PRODUCER_HEADER, PRODUCER.encode())


@dataclass
class Checked:
    """One result an event in their order, the messages of those accepted, and the rejections by reason."""

    results: list[dict[str, Any]] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    rejected: Counter[str] = field(default_factory=Counter)

    @property
    def duplicates(self) -> int:
        """Events whose id an earlier one of the request has."""
        return len(self.results) - len(self.messages) - self.rejected.total()


def check(events: Sequence[object], headers: Sequence[tuple[str, bytes]] = ()) -> Checked:
    """Apply the contract to each event and keep the first of each id on a topic, as silver does.

    Messages have these ``headers`` beside their producer. What is checked are the very bytes that will be published, so
    that silver cannot judge them otherwise.
    """
    checked = Checked()
    seen: set[tuple[str, str]] = set()
    headers = (_PRODUCER, *headers)
    for index, event in enumerate(events):
        raw, outcome = _parsed(event)
        if isinstance(outcome, Rejection):
            checked.rejected[outcome.reason] += 1
            checked.results.append(_rejected(index, outcome))
            continue
        message = _message_of(outcome, raw, headers)
        identity = (message.topic, outcome["event_id"])
        is_new = identity not in seen
        if is_new:
            seen.add(identity)
            checked.messages.append(message)
        result = Outcome.ACCEPTED if is_new else Outcome.DUPLICATE
        checked.results.append({"index": index, "result": result, "event_id": outcome["event_id"]})
    return checked


def _parsed(event: object) -> tuple[bytes, Event | Rejection]:
    try:
        raw = orjson.dumps(event)
    except TypeError:  # a value that was read from JSON can only be too deep
        return b"", NESTS_TOO_DEEP
    return raw, parse_event(raw, None)


def _message_of(event: Event, raw: bytes, headers: Sequence[tuple[str, bytes]]) -> Message:
    topic = topic_of(event["event_type"])
    return Message(topic.name, str(event[topic.key_field]).encode(), raw, headers)


def _rejected(index: int, rejection: Rejection) -> dict[str, Any]:
    return {
        "index": index,
        "result": Outcome.REJECTED,
        "reason": rejection.reason,
        "field": rejection.field,
        "message": rejection.message,
    }
