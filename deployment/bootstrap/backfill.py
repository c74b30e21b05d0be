"""Wires the backfill of live features: the lake on one side, Redis on the other."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from redis import Redis

from contracts import SystemClock
from contracts.topics import CLICKSTREAM
from data_lake.arrow_lake import ArrowLake
from deployment.settings import Settings
from stream_processing.live_backfill.backfill import Backfill
from stream_processing.live_backfill.stored_values import StoredValues
from stream_processing.taken_offsets import taken_offsets

_ANSWERS_WITHIN_S = 10.0
# Silver is seconds behind, more when it starts.
_SILVER_WITHIN = timedelta(minutes=2)


def build_backfill(settings: Settings) -> Backfill:
    """Return the backfill; connects at the first call."""
    lake = ArrowLake(settings.lake)
    checkpoint = lake.checkpoint("silver")

    def landed() -> Mapping[int, int]:
        return taken_offsets([checkpoint]).get(CLICKSTREAM.name, {})

    client = Redis.from_url(settings.redis.url, socket_timeout=_ANSWERS_WITHIN_S)
    return Backfill(lake, StoredValues(client), landed, SystemClock(), _SILVER_WITHIN)
