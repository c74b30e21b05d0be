"""A shop's trade again and again, at any rate: each round with visitors, ids and times of its own."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count, islice

import orjson

from contracts import Message, topic_of
from contracts.topics import CLICKSTREAM
from data_sources.shop import Shop, ShopSettings
from ingestion.confluent_bus import ConfluentBus

SENDER = "bench"
_ROUND = 50_000
_HEADERS = (("producer", SENDER.encode()),)
_SHOP = ShopSettings(seed=7, start=datetime(2026, 11, 21, 10, tzinfo=UTC), events_per_s=100.0)
_PLACES = re.compile(rb"@(id|visitor|time)@")
_PACE_S = 0.02


@dataclass(frozen=True)
class Template:
    """One event in pieces, with the names of what goes between them."""

    topic: str
    subject: str
    pieces: tuple[bytes, ...]
    places: tuple[bytes, ...]

    def message(self, number: int, visitors: str, at: str) -> Message:
        """Return the event under id ``number``, of a visitor (or store) of the round, at a time."""
        subject = f"{self.subject}{visitors}"
        values = {b"id": b"b-%d" % number, b"visitor": subject.encode(), b"time": at.encode()}
        filled = [piece + values[place] for piece, place in zip(self.pieces, self.places, strict=False)]
        return Message(self.topic, subject.encode(), b"".join([*filled, self.pieces[-1]]), _HEADERS)


@cache
def templates() -> list[Template]:
    """Return one round of click and till events, in the mix and order of a simulated shop."""
    events = (trade.event for trade in Shop(_SHOP).trade(None))
    return list(islice((_template(event) for event in events if "visitor_id" in event or "lines" in event), _ROUND))


def _template(event: dict[str, object]) -> Template:
    topic = topic_of(str(event["event_type"]))
    marked = event | {"event_id": "@id@", "occurred_at": "@time@"}
    # Stores stay what they are: there are few of them.
    marked |= {topic.key_field: "@visitor@"}
    parts = _PLACES.split(orjson.dumps(marked))
    return Template(topic.name, str(event[topic.key_field]), tuple(parts[::2]), tuple(parts[1::2]))


def messages(
    first: int, since: datetime | None = None, apart: timedelta = timedelta(milliseconds=1)
) -> Iterator[Message]:
    """Yield messages numbered from ``first``: at this moment's time, or so far ``apart`` from ``since`` on."""
    pool = templates()
    for number in count(first):
        at = datetime.now(UTC) if since is None else since + (number - first) * apart
        template = pool[number % len(pool)]
        visitors = f"-{number // len(pool)}" if template.topic == CLICKSTREAM.name else ""
        yield template.message(number, visitors, at.isoformat(timespec="milliseconds"))


def send(servers: str, first: int, total: int, per_s: float | None, since: datetime | None = None) -> float:
    """Send ``total`` messages, evenly or as fast as it goes; return the seconds until all are acknowledged."""
    bus, source = ConfluentBus(servers), messages(first, since)
    next_message = next(source)
    started = time.perf_counter()
    for sent in range(total):
        bus.publish(next_message)
        next_message = next(source)
        while per_s and sent > (time.perf_counter() - started) * per_s:
            time.sleep(_PACE_S)
    bus.flush(timedelta(minutes=1))
    seconds = time.perf_counter() - started
    bus.close()
    return seconds
