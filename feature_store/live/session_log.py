"""A visitor's last events, as running_session needs them: bytes to append to, and to cut.

One record an event; a record of the kind ``_BEFORE`` sums up the sessions that were cut off.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from struct import Struct
from typing import NamedTuple

from contracts.topics import CLICKSTREAM

SESSION_GAP_US = 30 * 60 * 1_000_000
# An event that is so late still finds the session that it belongs to.
_KEPT_US = 24 * 3_600 * 1_000_000
_MOST_EVENTS = 1_000
_KINDS = CLICKSTREAM.event_types
_BEFORE = 255
_RECORD = Struct("<qBBIqQB")
_KNOWN, _PRICED = 1, 2


class Activity(NamedTuple):
    """One event of a visitor. ``price`` in ten-thousandths; ``product`` is the hash of the product's id."""

    at_us: int
    event_id: str
    kind: str
    product: int | None
    quantity: int
    price: int | None
    is_known: bool


class Before(NamedTuple):
    """What is known of a visitor's sessions before those in the log."""

    sessions: int
    orders: int
    is_known: bool


def encode(activity: Activity) -> bytes:
    """Return the record of one event."""
    flags = _KNOWN * activity.is_known + _PRICED * (activity.price is not None)
    event_id = activity.event_id.encode()
    kind, price, product = _KINDS.index(activity.kind), activity.price or 0, activity.product or 0
    return _RECORD.pack(activity.at_us, kind, flags, activity.quantity, price, product, len(event_id)) + event_id


def decode(value: bytes) -> tuple[Before, list[Activity]]:
    """Return what a log holds, its events in order of time and event id."""
    sessions, orders, is_known = 0, 0, False
    events = []
    for at_us, kind, flags, quantity, price, product, event_id in _records(value):
        known = bool(flags & _KNOWN)
        if kind == _BEFORE:
            sessions, orders, is_known = sessions + quantity, orders + price, is_known or known
        else:
            amount = price if flags & _PRICED else None
            events.append(Activity(at_us, event_id, _KINDS[kind], product or None, quantity, amount, known))
    return Before(sessions, orders, is_known), sorted(events, key=_order)


def split(events: Iterable[Activity]) -> list[list[Activity]]:
    """Return the sessions of events in order: a gap of over 30 minutes ends one."""
    in_order = list(events)
    starts = [0, *(n for n, (a, b) in enumerate(pairwise(in_order), 1) if b.at_us - a.at_us > SESSION_GAP_US)]
    return [in_order[start:end] for start, end in zip(starts, [*starts[1:], None], strict=True)] if in_order else []


def cut(value: bytes, now_s: int) -> bytes:
    """Keep the last session and those that ended within 24 hours, the last 500 events where these are over 1,000."""
    before, events = decode(value)
    sessions = split(events)
    oldest_us = now_s * 1_000_000 - _KEPT_US
    kept = [run for run in sessions[:-1] if run[-1].at_us >= oldest_us] + sessions[-1:]
    if sum(map(len, kept)) > _MOST_EVENTS:
        kept = [kept[-1][-_MOST_EVENTS // 2 :]]
    gone = sessions[: len(sessions) - len(kept)]
    left_out = [event for run in sessions for event in run][: len(events) - sum(map(len, kept))]
    summed = Before(
        before.sessions + len(gone),
        before.orders + sum(event.kind == "order_placed" for run in gone for event in run),
        before.is_known or any(event.is_known for event in left_out),
    )
    return _encode_before(summed) + b"".join(encode(event) for run in kept for event in run)


def _encode_before(before: Before) -> bytes:
    return _RECORD.pack(0, _BEFORE, _KNOWN * before.is_known, before.sessions, before.orders, 0, 0)


def _records(value: bytes) -> Iterator[tuple[int, int, int, int, int, int, str]]:
    at = 0
    while at < len(value):
        *fields, length = _RECORD.unpack_from(value, at)
        at += _RECORD.size + length
        yield (*fields, value[at - length : at].decode())


def _order(activity: Activity) -> tuple[int, str]:
    return activity.at_us, activity.event_id
