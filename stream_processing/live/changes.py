"""What a batch of one partition's events changes in Redis. Pure: from effects and stored values to bytes."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from feature_store.live.cells import (
    fold_product,
    fold_visitor,
    folded_up_to,
    has_event,
    pack_product_cell,
    pack_visitor_cell,
)
from feature_store.live.effects import Effects
from feature_store.live.keys import Kind, kind_of, live_key
from feature_store.live.session_log import cut, decode, encode
from feature_store.live.windows import LONGEST

# A producer's clock may run so far ahead; the event counts when its time has come.
_MOST_AHEAD_S = 86_400
_FOLD = {Kind.VISITOR: fold_visitor, Kind.SESSION: cut, Kind.PRODUCT: fold_product}


class Outcome(StrEnum):
    """What became of a message."""

    COUNTED = "counted"
    REJECTED = "rejected"
    NO_ACTIVITY = "no_activity"
    DUPLICATE = "duplicate"
    PAST = "past"
    """Older than every window: counted in the visitor's life alone."""
    AHEAD = "ahead"
    FOLDED = "folded"


@dataclass
class Changes:
    """Bytes to append by key, and values to replace by key; no key is in both."""

    appended: dict[str, bytearray]
    replaced: dict[str, bytes]
    outcomes: Counter[Outcome]


def changes(
    partition: int, batch: Iterable[Effects], stored: Mapping[str, bytes], folded: Iterable[str], now_s: int
) -> Changes:
    """Return what ``batch`` changes; the keys in ``folded`` are rewritten whole, in as few bytes as they need.

    ``stored`` has what ``needed_keys`` names and the values of ``folded``, as they are now; what Redis lacks is
    missing. A copy of an event changes nothing.
    """
    appended: dict[str, bytearray] = defaultdict(bytearray)
    products: dict[tuple[str, int, int], float] = defaultdict(float)
    outcomes: Counter[Outcome] = Counter()
    past = _Past(stored)
    for effects in batch:
        key, log = (live_key(partition, kind, effects.visitor_id) for kind in (Kind.VISITOR, Kind.SESSION))
        if _is_past(effects, now_s):
            outcome = past.outcome(log, effects)
        else:
            outcome = _outcome(effects, stored.get(key, b""), appended.get(key, b""), now_s)
        outcomes[outcome] += 1
        if outcome in {Outcome.COUNTED, Outcome.PAST}:
            appended[log] += encode(effects.activity)
        if outcome is not Outcome.COUNTED:
            continue
        for measure, amount in effects.visitor.items():
            appended[key] += pack_visitor_cell(effects.second, measure, amount, effects.event)
        for (product_id, measure), amount in effects.products.items():
            products[live_key(partition, Kind.PRODUCT, product_id), effects.second, measure] += amount
    for (key, second, measure), amount in products.items():
        appended[key] += pack_product_cell(second, measure, amount)
    replaced = {key: _FOLD[kind_of(key)](stored.get(key, b"") + appended.pop(key, b""), now_s) for key in folded}
    return Changes(appended, replaced, outcomes)


def needed_keys(partition: int, batch: Iterable[Effects], now_s: int) -> set[str]:
    """Return the keys whose values say what of the batch is new."""
    kinds = {True: Kind.SESSION, False: Kind.VISITOR}
    return {live_key(partition, kinds[_is_past(effects, now_s)], effects.visitor_id) for effects in batch}


def _is_past(effects: Effects, now_s: int) -> bool:
    return effects.second < now_s - LONGEST.span_s


def _outcome(effects: Effects, stored: bytes, added: bytes | bytearray, now_s: int) -> Outcome:
    if effects.second > now_s + _MOST_AHEAD_S:
        return Outcome.AHEAD
    if has_event(stored, effects.event) or has_event(added, effects.event):
        return Outcome.DUPLICATE
    return Outcome.FOLDED if effects.second <= folded_up_to(stored) else Outcome.COUNTED


class _Past:
    """Tells new events from copies where windows hold none of them any more: by the visitors' logs.

    Of what a log has cut off only the last moment is known: what is not after that counts as a copy.
    """

    def __init__(self, stored: Mapping[str, bytes]) -> None:
        self._stored = stored
        self._seen: dict[str, tuple[int, set[str]]] = {}

    def outcome(self, log: str, effects: Effects) -> Outcome:
        if log not in self._seen:
            before, events = decode(self._stored.get(log, b""))
            self._seen[log] = before.last_us, {event.event_id for event in events}
        last_us, event_ids = self._seen[log]
        if effects.activity.event_id in event_ids:
            return Outcome.DUPLICATE
        if effects.activity.at_us <= last_us:
            return Outcome.FOLDED
        event_ids.add(effects.activity.event_id)
        return Outcome.PAST
