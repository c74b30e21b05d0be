"""Whether a visitor has done anything since: by what the real-time path has written of them."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

from redis import Redis

from feature_store.live.keys import VALUES_PER_ENTITY, Kind, live_keys
from feature_store.online_errors import naming_the_store


class LiveVersions:
    """Reads versions of visitors' logs. Safe to share between threads."""

    def __init__(self, client: Redis) -> None:
        self._client = client

    def of(self, visitor_ids: Sequence[str]) -> list[bytes]:
        """Return 16 bytes a visitor, equal for as long as their log is; one round trip.

        They are a digest of the log itself, so that no writer has to raise a number. Raises
        ``OnlineStoreUnavailableError``.
        """
        with naming_the_store():
            values: list[bytes | None] = self._client.mget(live_keys(Kind.SESSION, *visitor_ids))  # type: ignore[assignment]
        return [
            _version(values[first : first + VALUES_PER_ENTITY]) for first in range(0, len(values), VALUES_PER_ENTITY)
        ]


def _version(logs: Sequence[bytes | None]) -> bytes:
    # Logs are JSON, in which there is no zero byte.
    return blake2b(b"\0".join(log or b"" for log in logs), digest_size=16).digest()
