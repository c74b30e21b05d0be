"""Real time for simulated trade: waits until an event is due."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta

from contracts import Clock
from data_sources.faults import Parcel

Sleep = Callable[[float], object]  # takes seconds
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SHORTEST_WAIT = timedelta(milliseconds=2)  # below it sleeping costs more than it spares


def paced(parcels: Iterable[Parcel], shift: timedelta, clock: Clock, sleep: Sleep) -> Iterator[Parcel]:
    """Yield each parcel when its time plus ``shift`` has come on ``clock``.

    A consumer that cannot keep up gets the parcels late, never fewer of them.
    """
    for parcel in parcels:
        wait = _EPOCH + timedelta(milliseconds=parcel.at_ms) + shift - clock.now()
        if wait >= _SHORTEST_WAIT:
            sleep(wait.total_seconds())
        yield parcel
