"""What is bought together with a product, online: one key a product."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from itertools import islice

import orjson
from redis import Redis

from feature_store.online_errors import naming_the_store

# Pairs are written every night: after three without, they are no longer of these days.
_TTL = timedelta(days=3)
_KEYS_PER_ROUND_TRIP = 1_000
_PREFIX = "bought_together:1:"

# Products bought together with one, the strongest first, each with its score.
Pairs = dict[str, float]


class OnlineProductPairs:
    """The pairs in Redis. Safe to share between threads; both calls raise ``OnlineStoreUnavailableError``."""

    def __init__(self, client: Redis) -> None:
        self._client = client

    def read(self, ids: Sequence[str]) -> list[Pairs]:
        """Return the pairs of each product, none where it was not sold in company; one round trip."""
        with naming_the_store():
            values = self._client.mget([_PREFIX + each for each in ids])
        return [orjson.loads(value) if isinstance(value, bytes) else {} for value in values]  # type: ignore[union-attr]

    def write(self, pairs: Iterable[tuple[str, Pairs]]) -> int:
        """Put pairs in place of what is there, by product id; return of how many products. Safe to repeat."""
        written, remaining = 0, iter(pairs)
        while chunk := list(islice(remaining, _KEYS_PER_ROUND_TRIP)):
            with naming_the_store(), self._client.pipeline(transaction=False) as pipe:
                for product_id, others in chunk:
                    pipe.set(_PREFIX + product_id, orjson.dumps(others), ex=_TTL)
                pipe.execute()
            written += len(chunk)
        return written
