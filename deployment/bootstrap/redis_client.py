"""Wires Redis for what must not wait for it."""

from __future__ import annotations

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from deployment.settings import Settings


def build_redis(settings: Settings, answers_within_s: float) -> Redis:
    """Return a client that connects at the first call, and tries once more where a connection had gone stale."""
    return Redis.from_url(
        settings.redis.url,
        socket_timeout=answers_within_s,
        socket_connect_timeout=answers_within_s,
        retry=Retry(NoBackoff(), 1),
    )
