"""Makes the values of live features anew from silver, by the functions of the stream, and beside it.

For some visitors or products at a time: see their values and up to which offset they hold the topic, wait until
silver holds as much, make the values from silver's events before that offset, put them in place. What the stream adds
meanwhile comes after it in the value and stays. So every event counts once, whenever this is killed or run again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from contracts import Clock
from contracts.errors import NotReadyError
from contracts.tables import SILVER_CLICKSTREAM_EVENTS
from contracts.topics import CLICKSTREAM
from data_lake.arrow_lake import ArrowLake
from feature_store.live.effects import Effects
from feature_store.live.keys import Kind, live_key
from stream_processing.live.changes import changes
from stream_processing.live_backfill.past_events import PastEvents
from stream_processing.live_backfill.stored_values import Seen, StoredValues

# Bounds what is in memory at a time; one visitor or product is never split.
_MOST_ENTITIES = 5_000
_MOST_EVENTS = 100_000
_LOOK_EVERY_S = 0.25


@dataclass(frozen=True)
class Backfill:
    """``landed`` says how far silver holds each partition: the first offset that it has not taken."""

    lake: ArrowLake
    values: StoredValues
    landed: Callable[[], Mapping[int, int]]
    clock: Clock
    silver_within: timedelta

    def run(self, kind: Kind) -> Iterator[float]:
        """Fill the values of all visitors or products that silver knows; yield the share done after each of them.

        Raises ``NotReadyError`` where the stream runs under another definition, or silver does not follow within
        ``silver_within``, and ``OnlineStoreUnavailableError``.
        """
        now = self.clock.now()
        pasts = [PastEvents(self.lake, partition, now) for partition in range(CLICKSTREAM.partitions)]
        who = [past.who(kind) for past in pasts]
        total, done = sum(map(len, who)), 0
        for past, entities in zip(pasts, who, strict=True):
            for ids in _slices(entities):
                for _ in self._fill(past, kind, ids):
                    done += 1
                    yield done / total

    def _fill(self, past: PastEvents, kind: Kind, ids: Sequence[str]) -> Iterator[str]:
        """Yield each key when its value is in place; values that were folded meanwhile are made again."""
        keys = {live_key(past.partition, kind, each): each for each in ids}
        while keys:
            seen = self.values.see(past.partition, list(keys))
            self._wait_for_silver(past.partition, max(each.offset for each in seen.values()))
            batch = _before(past.effects(kind, list(keys.values())), past.partition, kind, seen)
            made = changes(past.partition, batch, {}, seen, int(self.clock.now().timestamp())).replaced
            wanted = {key: made[key] for key in keys if made[key] or seen[key].length}
            missed = set(self.values.replace(past.partition, seen, wanted))
            yield from keys.keys() - missed
            keys = {key: keys[key] for key in missed}

    def _wait_for_silver(self, partition: int, offset: int) -> None:
        deadline = time.monotonic() + self.silver_within.total_seconds()
        while (landed := self.landed().get(partition, 0)) < offset:
            if time.monotonic() > deadline:
                msg = (
                    f"{SILVER_CLICKSTREAM_EVENTS.name} holds partition {partition} up to offset {landed}, expected "
                    f"{offset} as the live features: is `aisle stream` running?"
                )
                raise NotReadyError(msg)
            time.sleep(_LOOK_EVERY_S)


def _slices(entities: Sequence[tuple[str, int]]) -> Iterator[list[str]]:
    ids: list[str] = []
    events = 0
    for each, count in entities:
        ids.append(each)
        events += count
        if len(ids) == _MOST_ENTITIES or events >= _MOST_EVENTS:
            yield ids
            ids, events = [], 0
    if ids:
        yield ids


def _before(
    past: Iterator[tuple[int, Effects]], partition: int, kind: Kind, seen: Mapping[str, Seen]
) -> Iterator[Effects]:
    """Yield what each event did to the values that hold it."""

    def holds(entity_id: str, offset: int) -> bool:
        value = seen.get(live_key(partition, kind, entity_id))
        return value is not None and offset < value.offset

    for offset, effects in past:
        if kind is Kind.PRODUCT:
            of_them = {key: amount for key, amount in effects.products.items() if holds(key[0], offset)}
            if of_them:
                yield effects._replace(products=of_them)
        elif holds(effects.visitor_id, offset):
            yield effects
