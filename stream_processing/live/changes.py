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
from feature_store.live.session_log import cut, encode
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
    TOO_OLD = "too_old"
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

    ``stored`` has the values of the batch's visitors and of ``folded``, as they are now; what Redis lacks is missing.
    A copy of an event changes nothing.
    """
    appended: dict[str, bytearray] = defaultdict(bytearray)
    products: dict[tuple[str, int, int], float] = defaultdict(float)
    outcomes: Counter[Outcome] = Counter()
    for effects in batch:
        key = live_key(partition, Kind.VISITOR, effects.visitor_id)
        outcome = _outcome(effects, stored.get(key, b""), appended.get(key, b""), now_s)
        outcomes[outcome] += 1
        if outcome is not Outcome.COUNTED:
            continue
        for measure, amount in effects.visitor.items():
            appended[key] += pack_visitor_cell(effects.second, measure, amount, effects.event)
        appended[live_key(partition, Kind.SESSION, effects.visitor_id)] += encode(effects.activity)
        for (product_id, measure), amount in effects.products.items():
            products[live_key(partition, Kind.PRODUCT, product_id), effects.second, measure] += amount
    for (key, second, measure), amount in products.items():
        appended[key] += pack_product_cell(second, measure, amount)
    replaced = {key: _FOLD[kind_of(key)](stored.get(key, b"") + appended.pop(key, b""), now_s) for key in folded}
    return Changes(appended, replaced, outcomes)


def _outcome(effects: Effects, stored: bytes, added: bytes | bytearray, now_s: int) -> Outcome:
    if effects.second < now_s - LONGEST.span_s:
        return Outcome.TOO_OLD
    if effects.second > now_s + _MOST_AHEAD_S:
        return Outcome.AHEAD
    if has_event(stored, effects.event) or has_event(added, effects.event):
        return Outcome.DUPLICATE
    return Outcome.FOLDED if effects.second <= folded_up_to(stored) else Outcome.COUNTED
