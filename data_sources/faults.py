"""What goes wrong between a shop and its broker: late, doubled, out of order, malformed."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import NamedTuple

from contracts import Event, Message, Reason
from contracts.errors import InvalidSettingError
from data_sources.malformed import malform
from data_sources.shop import Trade
from data_sources.times import time_text
from data_sources.wire import message_of

_LATE_MS = (3_600_000, 48 * 3_600_000)
_OUT_OF_ORDER_MS = (1_000, 180_000)
_DUPLICATE_MS = (0, 600_000)


class Fault(StrEnum):
    """A fault that was injected on purpose."""

    LATE = "late"
    DUPLICATE = "duplicate"
    OUT_OF_ORDER = "out_of_order"
    MALFORMED = "malformed"


@dataclass(frozen=True)
class FaultRatios:
    """Faults per event of the shop, each 0 to 1, together at most 1: an event suffers at most one.

    late: ``occurred_at`` is moved 1 to 48 hours back. duplicate: the same bytes come again up to 10 minutes later.
    out_of_order: sent 1 s to 3 min after its turn. malformed: a broken copy, under an id of its own, follows the event.
    """

    late: float = 0.0
    duplicate: float = 0.0
    out_of_order: float = 0.0
    malformed: float = 0.0

    def __post_init__(self) -> None:
        ratios = (self.late, self.duplicate, self.out_of_order, self.malformed)
        if min(ratios) < 0 or sum(ratios) > 1:
            shown = ", ".join(f"{ratio:g}" for ratio in ratios)
            expected = "expected 0 or more, at most 1 together"
            msg = f"fault ratios (late, duplicate, out-of-order, malformed) are {shown}: {expected}"
            raise InvalidSettingError(msg)

    def fault(self, rng: Random) -> Fault | None:
        """Draw what happens to one event."""
        place = rng.random()
        for fault, ratio in zip(Fault, (self.late, self.duplicate, self.out_of_order, self.malformed), strict=True):
            if place < ratio:
                return fault
            place -= ratio
        return None


class Parcel(NamedTuple):
    """One message on its way: when it is sent (ms since the epoch), what was done to it, why it will be rejected."""

    at_ms: int
    message: Message
    fault: Fault | None = None
    reason: Reason | None = None


def inject(trade: Iterable[Trade], ratios: FaultRatios, rng: Random) -> Iterator[Parcel]:
    """Yield the shop's events as messages in order of sending, with faults among them.

    What is held back when the trade ends is sent at its end, so that every injected fault is sent.
    """
    held: list[tuple[int, int, Parcel]] = []
    at_ms = malformed = 0
    for number, (at_ms, event) in enumerate(trade):
        while held and held[0][0] <= at_ms:
            yield heapq.heappop(held)[2]
        fault = ratios.fault(rng)
        message = message_of(_moved_back(at_ms, event, rng) if fault is Fault.LATE else event)
        if fault is Fault.OUT_OF_ORDER:
            _hold(held, number, Parcel(at_ms + rng.randint(*_OUT_OF_ORDER_MS), message, fault))
            continue
        yield Parcel(at_ms, message, fault if fault is Fault.LATE else None)
        if fault is Fault.DUPLICATE:
            _hold(held, number, Parcel(at_ms + rng.randint(*_DUPLICATE_MS), message, fault))
        elif fault is Fault.MALFORMED:
            malformed += 1
            kind, broken = malform(event, f"{event['event_id']}-bad{malformed}", rng)
            yield Parcel(at_ms, broken, fault, kind.reason)
    while held:
        yield heapq.heappop(held)[2]._replace(at_ms=at_ms)


def _hold(held: list[tuple[int, int, Parcel]], number: int, parcel: Parcel) -> None:
    heapq.heappush(held, (parcel.at_ms, number, parcel))


def _moved_back(at_ms: int, event: Event, rng: Random) -> Event:
    return {**event, "occurred_at": time_text(at_ms - rng.randint(*_LATE_MS))}
