"""Freshness is the age of an event when it is first readable online; late events and others' visitors do not count."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from threading import Event as Flag
from typing import Any

from contracts.clock import ManualClock
from deployment.demo.freshness import FreshnessProbe
from deployment.demo.progress import Progress
from feature_store.live.reader import Answer, Features, Presence
from tests.fixtures.serving import MISSING, NO_PRODUCTS

_START = datetime(2026, 11, 21, 12, tzinfo=UTC)


class _Message:
    def __init__(self, visitor_id: str, occurred_at: datetime, **changes: Any) -> None:
        self._event = {
            "event_id": f"e-{visitor_id}",
            "event_type": "page_viewed",
            "schema_version": 1,
            "occurred_at": occurred_at.isoformat(),
            "producer": "web",
            "visitor_id": visitor_id,
            "page_url": "/",
            **changes,
        }

    def error(self) -> None:
        return None

    def value(self) -> bytes:
        return json.dumps(self._event).encode()


class _Topic:
    """Hands out its messages, then ends the measurement."""

    def __init__(self, messages: Sequence[_Message], ended: Flag) -> None:
        self._messages = list(messages)
        self._ended = ended

    def poll(self, _timeout_s: float) -> _Message | None:
        if self._messages:
            return self._messages.pop(0)
        self._ended.set()
        return None


class _Online:
    """Becomes as new as `readable_at_s` says; every read takes `step_s` of the clock."""

    def __init__(self, clock: ManualClock, readable_at_s: dict[str, float], step_s: float) -> None:
        self._clock = clock
        self._step = timedelta(seconds=step_s)
        self._readable_at_s = readable_at_s

    def read_each(self, visitor_ids: Sequence[str]) -> list[Answer]:
        self._clock.advance(self._step)
        now = self._clock.now()
        readable = [(now - _START).total_seconds() >= self._readable_at_s.get(each, 1e9) for each in visitor_ids]
        lives = [Features({}, Presence.PRESENT, now - _START) if each else MISSING for each in readable]
        return [Answer(now, MISSING, life, MISSING, NO_PRODUCTS) for life in lives]


def _measured(messages: Sequence[_Message], readable_at_s: dict[str, float], step_s: float = 0.1) -> list[float]:
    clock, ended, progress = ManualClock(_START), Flag(), Progress(lambda _: None)
    probe = FreshnessProbe(_Topic(messages, ended), _Online(clock, readable_at_s, step_s), clock)  # type: ignore[arg-type]
    probe.measure(progress, ended, stopped=Flag())
    return progress.gauges.freshness_ms


def test_age_at_the_first_reading_that_shows_the_event() -> None:
    messages = [_Message("v-1", _START), _Message("v-2", _START)]
    assert _measured(messages, {"v-1": 0.2, "v-2": 0.5}) == [200.0, 500.0]


def test_late_and_malformed_events_do_not_count() -> None:
    late = _Message("v-1", _START - timedelta(hours=1))
    broken = _Message("v-2", _START, schema_version=99)
    assert _measured([late, broken], {"v-1": 0, "v-2": 0}) == []


def test_an_event_that_never_shows_counts_as_very_late() -> None:
    [age_ms] = _measured([_Message("v-1", _START)], {}, step_s=2)
    assert age_ms > 30_000
