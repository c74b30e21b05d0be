"""What the collector answers, as its OpenAPI page describes it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, Field

from contracts import Reason


class Outcome(StrEnum):
    """What became of one event."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"


class EventResult(BaseModel):
    """One event of the request; ``event_id`` where it was valid, the last three where it was rejected."""

    index: int = Field(examples=[0], description="place in the request, from 0")
    result: Outcome = Field(examples=["accepted"])
    event_id: str | None = Field(default=None, examples=["till-7-000421"])
    reason: Reason | None = None
    field: str | None = Field(default=None, description="path such as `lines/0/unit_price`; empty: the whole event")
    message: str | None = None


class EventsAnswer(BaseModel):
    """All events of the request, in its order. What is accepted is on Kafka's disk or in its replicas' memory."""

    accepted: int = Field(examples=[1])
    duplicates: int = Field(examples=[0], description="same id as an event before it in the request")
    rejected: int = Field(examples=[0])
    results: list[EventResult]


class KafkaHealth(BaseModel):
    """Whether Kafka answers with all topics; if not, why."""

    ok: bool
    reason: str = ""


class Health(BaseModel):
    """The state of the collector."""

    live: bool
    ready: bool
    dependencies: Annotated[dict[str, KafkaHealth], Field(examples=[{"kafka": {"ok": True, "reason": ""}}])]
