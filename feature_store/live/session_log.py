"""A visitor's last events, and the sum of all before them: bytes to append to, and to cut.

The value is lists in JSON, a comma behind each: one an event, and a list within a list for the sum of what was cut off.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import orjson

from contracts.topics import CLICKSTREAM
from feature_store.live.life import Activity, Life, added, life_of

SESSION_GAP_US = 30 * 60 * 1_000_000
# An event that is so late still finds the session that it belongs to.
_KEPT_US = 24 * 3_600 * 1_000_000
_MOST_EVENTS = 1_000
_KINDS = CLICKSTREAM.event_types
_DEFAULTS = [Activity._field_defaults.get(name) for name in Activity._fields]


def encode(activity: Activity) -> bytes:
    """Return the record of one event."""
    fields: list[Any] = [activity.at_us, activity.event_id, _KINDS.index(activity.kind), *activity[3:]]
    while fields[-1] == _DEFAULTS[len(fields) - 1]:
        fields.pop()
    return orjson.dumps(fields) + b","


def decode(value: bytes) -> tuple[Life, list[Activity]]:
    """Return what a log holds: the sum of what was cut off, and its events in order of time and event id."""
    events, lives = [], []
    for first, *more in orjson.loads(b"[%b]" % value[:-1]):
        if isinstance(first, list):
            lives.append(Life(*first))
        else:
            event_id, kind, *fields = more
            events.append(Activity(first, event_id, _KINDS[kind], *fields))
    before = Life()
    for life in sorted(lives, key=lambda each: each.last_us):
        before = added(before, life)
    return before, sorted(events, key=_order)


def split(events: Iterable[Activity]) -> list[list[Activity]]:
    """Return the sessions of events in order: a gap of over 30 minutes ends one."""
    in_order = list(events)
    starts = [0, *(n for n, (a, b) in enumerate(pairwise(in_order), 1) if b.at_us - a.at_us > SESSION_GAP_US)]
    return [in_order[start:end] for start, end in zip(starts, [*starts[1:], None], strict=True)] if in_order else []


def cut(value: bytes, now_s: int) -> bytes:
    """Keep the last session and those that ended within 24 hours, the last 500 events where these are over 1,000.

    The 24 hours end now, or with the last event where that is long ago.
    """
    before, events = decode(value)
    if not events:
        return value
    sessions = split(events)
    oldest_us = min(now_s * 1_000_000, events[-1].at_us) - _KEPT_US
    kept = [run for run in sessions[:-1] if run[-1].at_us >= oldest_us] + sessions[-1:]
    before = added(before, life_of(sessions[: len(sessions) - len(kept)]))
    if sum(map(len, kept)) > _MOST_EVENTS:
        *gone, last = kept
        rest, last = last[: -_MOST_EVENTS // 2], last[-_MOST_EVENTS // 2 :]
        part = life_of([rest] if rest else [])._replace(sessions=0)
        before, kept = added(added(before, life_of(gone)), part), [last]
    return orjson.dumps([list(before)]) + b"," + b"".join(encode(event) for run in kept for event in run)


def customers(value: bytes) -> set[str]:
    """Return the customers that a log names."""
    before, events = decode(value)
    return {each for each in (before.customer_id, *(event.customer_id for event in events)) if each}


def _order(activity: Activity) -> tuple[int, str]:
    return activity.at_us, activity.event_id
