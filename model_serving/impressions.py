"""What was shown, as an event."""

from __future__ import annotations

from uuid import uuid4

from contracts import Clock, Event
from model_serving.answers import RecommendationsAnswer

PRODUCER = "api"


def recommendations_shown(answer: RecommendationsAnswer, visitor_id: str) -> Event:
    """Return what is the same in every event of an answer that holds items, shown to a visitor."""
    event: Event = {
        "event_type": "recommendations_shown",
        "schema_version": 1,
        "producer": PRODUCER,
        "visitor_id": visitor_id,
        "placement": answer.placement,
        "product_ids": [item.product_id for item in answer.items],
        "source": answer.source,
    }
    if answer.offset:
        event["position"] = answer.offset + 1
    if answer.model is not None:
        event |= {"model": answer.model.name, "model_version": answer.model.version}
    if answer.variant is not None:
        event |= {"experiment": answer.variant.experiment, "variant": answer.variant.name}
    return event


def shown_now(event: Event, request_id: str, clock: Clock) -> Event:
    """Return the event of one request that was answered now."""
    at = clock.now().isoformat().replace("+00:00", "Z")
    return {**event, "event_id": uuid4().hex, "occurred_at": at, "request_id": request_id}
