"""Wires who may call the HTTP servers."""

from __future__ import annotations

from redis import Redis

from contracts import SystemClock
from deployment.bootstrap.redis_client import build_redis
from deployment.settings import AccessMode, Settings
from feature_store.online_errors import naming_the_store
from web.access.administration import Administration
from web.access.guard import Access
from web.access.rate_limit import RateLimit
from web.access.tokens import Tokens

_ANSWERS_WITHIN_S = 0.1
_KEPT_S = 3


class RedisCounter:
    """Counts requests a second for all processes, in Redis."""

    def __init__(self, client: Redis) -> None:
        self._client = client

    def add(self, name: str, second: int, count: int) -> int:
        """Add to the counter of a name and a second; raises ``OnlineStoreUnavailableError``."""
        key = f"aisle:requests:{name}:{second}"
        with naming_the_store():
            both = self._client.pipeline(transaction=False)
            both.incrby(key, count)
            both.expire(key, _KEPT_S)
            total, _ = both.execute()
        return int(total)


def build_administration(settings: Settings) -> Administration:
    """Return the clients of the HTTP servers."""
    return Administration(settings.data_dir / "access", SystemClock())


def build_access(settings: Settings, mode: AccessMode) -> Access | None:
    """Return what a server knows its clients by; None where it is open to all of this machine."""
    if mode == "open":
        return None
    administration, clock = build_administration(settings), SystemClock()
    limit = RateLimit(RedisCounter(build_redis(settings, _ANSWERS_WITHIN_S)), clock)
    return Access(administration.clients, Tokens(administration.keys, clock), limit)


def local_headers(settings: Settings, mode: AccessMode) -> dict[str, str]:
    """Return the headers with which this machine's user calls a server, once it was started."""
    if mode == "open":
        return {}
    name, _, value = build_administration(settings).local_header.read_text(encoding="utf-8").partition(": ")
    return {name: value.strip()}


def local_curl(settings: Settings) -> str:
    """Return how this machine's user begins a call of the model server in a shell."""
    trust = f" --cacert {settings.tls.certificate}" if settings.tls.certificate else ""
    key = "" if settings.api.access == "open" else f" -H @{build_administration(settings).local_header}"
    return f"curl -s{trust}{key}"
