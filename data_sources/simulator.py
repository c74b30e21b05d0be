"""The simulator as one stream: trade, faults, and their sending."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta

from contracts import EventBus
from data_sources.faults import FaultRatios, Parcel, inject
from data_sources.randomness import random_of
from data_sources.shop import Shop
from data_sources.truth import Tally

FLUSH_TIMEOUT = timedelta(seconds=60)


def simulate(shop: Shop, length: timedelta | None, ratios: FaultRatios) -> Iterator[Parcel]:
    """Yield the messages of ``length`` of trade, in order of sending: a pure function of the shop's settings."""
    rng = random_of(shop.settings.seed, f"faults/{shop.settings.run}")
    return inject(shop.trade(length), ratios, rng)


def send(parcels: Iterable[Parcel], bus: EventBus, tally: Tally, is_stopped: Callable[[], bool]) -> None:
    """Publish the parcels until they end or ``is_stopped``, then wait for the broker.

    Raises ``BrokerUnavailableError``; the tally then counts more than was acknowledged.
    """
    for parcel in parcels:
        if is_stopped():
            break
        bus.publish(parcel.message)
        tally.count(parcel)
    bus.flush(FLUSH_TIMEOUT)
