"""One request: read, checked, published, and answered only when Kafka has what the answer calls accepted."""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from fastapi import Request

from contracts import AcknowledgedBus
from contracts.errors import BrokerUnavailableError
from contracts.stages import stage
from ingestion.collector.answers import Outcome
from ingestion.collector.checking import Checked, check
from ingestion.collector.metrics import UNAVAILABLE, CollectorMetrics
from ingestion.collector.own_events import require_own
from ingestion.collector.reading import Limits, read_events
from ingestion.collector.room import NoRoomError, Room
from web.access.guard import caller_of
from web.problems import ProblemError
from web.tracing import trace_headers

ROOM_BYTES = 32 * 1024 * 1024
RETRY_AFTER_S = 5


@dataclass
class Collector:
    """Takes events for ``bus``, which the app starts and closes."""

    bus: AcknowledgedBus
    limits: Limits
    metrics: CollectorMetrics = field(default_factory=CollectorMetrics)
    room: Room = field(default_factory=lambda: Room(ROOM_BYTES))

    async def collect(self, request: Request) -> dict[str, Any]:
        """Return an ``EventsAnswer``; raises ``ProblemError`` where no event was accepted."""
        try:
            with self.room.visit() as take:
                events = await read_events(request, self.limits, take)
                headers = trace_headers()
                with stage("check"):
                    checked = check(events, headers)
                require_own(caller_of(request), checked.messages)
                if checked.messages:
                    with stage("kafka"):
                        await self._publish(checked)
        except NoRoomError:
            raise _try_later("Busy", "the requests in progress take all memory") from None
        self._count(checked)
        answer = {
            "accepted": len(checked.messages),
            "duplicates": checked.duplicates,
            "rejected": checked.rejected.total(),
            "results": checked.results,
        }
        if not checked.messages:
            raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "Nothing accepted", _nothing(checked), answer)
        return answer

    async def _publish(self, checked: Checked) -> None:
        try:
            await self.bus.publish(checked.messages)
        except BrokerUnavailableError as error:
            self.metrics.count_events(UNAVAILABLE, len(checked.messages))
            raise _try_later("Kafka unavailable", str(error)) from error

    def _count(self, checked: Checked) -> None:
        self.metrics.count_events(Outcome.ACCEPTED, len(checked.messages))
        self.metrics.count_events(Outcome.DUPLICATE, checked.duplicates)
        for reason, number in checked.rejected.items():
            self.metrics.count_events(Outcome.REJECTED, number, reason)


def _nothing(checked: Checked) -> str:
    if not checked.results:
        return "batch is empty: expected at least one event"
    first = checked.results[0]
    return f"none of {len(checked.results)} events keeps its contract; the first: {first['message']}"


def _try_later(title: str, reason: str) -> ProblemError:
    detail = f"{reason}: send the whole request again later; what had arrived already is not doubled"
    return ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, title, detail, headers={"Retry-After": str(RETRY_AFTER_S)})
