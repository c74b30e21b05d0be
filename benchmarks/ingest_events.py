"""Simulated events as bytes, each as often as wanted under ids of its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

import numpy as np
import orjson
from numpy.typing import NDArray

from contracts import topic_of
from data_sources.shop import Shop, ShopSettings

_EVENTS = 5000
_SHOP = ShopSettings(seed=7, start=datetime(2026, 11, 21, 10, tzinfo=UTC), events_per_s=200.0)
_PREFIX = "b-"
_DIGITS = 10


@dataclass(frozen=True)
class Template:
    """One event without its id: its topic, its key, and its bytes before and after the id."""

    topic: str
    key: bytes
    before: bytes
    after: bytes

    def event(self, number: int) -> bytes:
        """Return the event under the id of ``number``."""
        return b"%b%b%0*d%b" % (self.before, _PREFIX.encode(), _DIGITS, number, self.after)


def templates() -> list[Template]:
    """Return the first events of a simulated shop: every type, in the mix and order of its trade."""
    return [_template(trade.event) for trade in islice(Shop(_SHOP).trade(None), _EVENTS)]


def _template(event: dict[str, object]) -> Template:
    topic = topic_of(str(event["event_type"]))
    before, after = orjson.dumps(event).split(str(event["event_id"]).encode())
    return Template(topic.name, str(event[topic.key_field]).encode(), before, after)


def times_seen(values: list[bytes], events: int) -> NDArray[np.int64]:
    """Return how often each of the first ``events`` numbers is the id of one of ``values``."""
    ids = (orjson.loads(value)["event_id"] for value in values)
    numbers = np.fromiter((int(each.removeprefix(_PREFIX)) for each in ids), np.int64, len(values))
    return np.bincount(numbers, minlength=events)
