"""Token buckets: how long to wait before a host may be asked again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from data_sources.connectors.sources import HostLimit


class TokenBucket:
    """Holds ``burst`` tokens at most and gains ``requests_per_minute`` of them a minute; it may be in debt."""

    def __init__(self, limit: HostLimit, now: datetime) -> None:
        self._limit = limit
        self._tokens = float(limit.burst)
        self._counted_at = now

    def take(self, now: datetime) -> timedelta:
        """Take one token and return the time to wait before it may be used."""
        gained = (now - self._counted_at) / timedelta(minutes=1) * self._limit.requests_per_minute
        self._tokens = min(self._tokens + gained, self._limit.burst) - 1
        self._counted_at = now
        return timedelta(minutes=max(0.0, -self._tokens) / self._limit.requests_per_minute)


class HostLimits:
    """One bucket a host; one without a limit of its own has the default's."""

    def __init__(self, limits: Mapping[str, HostLimit]) -> None:
        self._limits = limits
        self._buckets: dict[str, TokenBucket] = {}

    def take(self, host: str, now: datetime) -> timedelta:
        """Take a token of ``host`` and return the time to wait before it may be used."""
        if host not in self._buckets:
            self._buckets[host] = TokenBucket(self._limits.get(host, HostLimit()), now)
        return self._buckets[host].take(now)
