"""Rejected events go in once more, repaired, through the door by which every event comes.

First the plan: nothing is sent that the contract still refuses. Then sending, and only what the broker has
acknowledged is written down as replayed: what a kill cuts is sent again by the next replay, and its
event_id counts once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice

from contracts import Clock, EventBus, Message, Rejection, parse_event
from contracts.errors import InvalidPatchError
from contracts.topics import PRODUCER_HEADER, REPAIRED_FROM_HEADER, topic_of
from ingestion.rejected import Decision, RejectedEvent, RejectedEvents, State
from ingestion.repair import Patch

_MESSAGES_PER_COMMIT = 1000
_FLUSH_TIMEOUT = timedelta(seconds=150)  # longer than the bus goes on trying


@dataclass(frozen=True)
class Plan:
    """What a replay will do with one rejected event: send ``message``, or not, for the reason ``refusal``."""

    rejected: RejectedEvent
    message: Message | None = None
    event_id: str | None = None
    refusal: str = ""


def plan(rejected: RejectedEvent, patch: Patch | None, again: bool) -> Plan:
    """Repair one event and check it against its contract; one that was decided before needs ``again``.

    The message has the topic it came by, the key of every event there, its producer and the id it is repaired from.
    """
    if rejected.state is not State.OPEN and not again:
        return Plan(rejected, refusal=f"{decided(rejected)}: --again sends it all the same")
    try:
        value = patch.apply(rejected.value) if patch else rejected.value
    except InvalidPatchError as error:
        return Plan(rejected, refusal=str(error))
    event = parse_event(value, rejected.topic)
    if isinstance(event, Rejection):
        return Plan(rejected, refusal=f"still {event.reason}: {event.message}")
    key = event[topic_of(event["event_type"]).key_field].encode()
    return Plan(rejected, Message(rejected.topic, key, value, _headers(rejected)), event["event_id"])


def send(
    plans: Iterable[Plan], patch: Patch | None, bus: EventBus, store: RejectedEvents, clock: Clock
) -> Iterator[Plan]:
    """Publish what can be sent and yield every plan once it is done, refusals in their place.

    Raises ``BrokerUnavailableError``; what was yielded before is sent and written down.
    """
    remaining = iter(plans)
    while batch := list(islice(remaining, _MESSAGES_PER_COMMIT)):
        sent = [(each, each.message) for each in batch if each.message is not None]
        for _, message in sent:
            bus.publish(message)
        if sent:
            bus.flush(_FLUSH_TIMEOUT)
            store.decide(_replayed(each, patch, clock) for each, _ in sent)
        yield from batch


def decided(rejected: RejectedEvent) -> str:
    """Say what was decided on the event, when, and why."""
    because = f" because {rejected.because}" if rejected.because else ""
    return f"already {rejected.state} at {rejected.decided_at:%Y-%m-%dT%H:%M:%SZ}{because}"


def _replayed(done: Plan, patch: Patch | None, clock: Clock) -> Decision:
    text = patch.text if patch else None
    return Decision(done.rejected.rejected_id, State.REPLAYED, clock.now(), patch=text, event_id=done.event_id)


def _headers(rejected: RejectedEvent) -> tuple[tuple[str, bytes], ...]:
    producer = () if rejected.sent_by is None else ((PRODUCER_HEADER, rejected.sent_by.encode()),)
    return (*producer, (REPAIRED_FROM_HEADER, rejected.rejected_id.encode()))
