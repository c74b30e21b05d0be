"""Recommendations of batch scoring online: one key a customer, read where a customer has no running session.

The key names the version of the format, and the value the version of the model that made the list.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice

import orjson
from redis import Redis

from feature_store.online_errors import naming_the_store

# Lists are written every night: after three without, they are no longer of these days.
_TTL = timedelta(days=3)
_KEYS_PER_ROUND_TRIP = 1_000
_PREFIX = "recommendations:1:"


@dataclass(frozen=True)
class CustomerList:
    """The products for one customer, best first, each with its score and where the model found it."""

    product_ids: list[str]
    scores: list[float]
    sources: list[str]
    model: str
    model_version: str
    scored_at: datetime


def customer_list_key(customer_id: str) -> str:
    """Return the key of a customer's list."""
    return f"{_PREFIX}{customer_id}"


class OnlineCustomerLists:
    """The lists in Redis. Safe to share between threads; both calls raise ``OnlineStoreUnavailableError``."""

    def __init__(self, client: Redis) -> None:
        self._client = client

    def read(self, customer_id: str) -> CustomerList | None:
        """Return the list of a customer, None where there is none or it is older than three days."""
        with naming_the_store():
            value = self._client.get(customer_list_key(customer_id))
        return _decoded(value) if isinstance(value, bytes) else None

    def write(self, lists: Iterable[tuple[str, CustomerList]]) -> int:
        """Put lists in place of what is there, by customer id; return how many. Safe to repeat."""
        written, remaining = 0, iter(lists)
        while chunk := list(islice(remaining, _KEYS_PER_ROUND_TRIP)):
            with naming_the_store(), self._client.pipeline(transaction=False) as pipe:
                for customer_id, products in chunk:
                    pipe.set(customer_list_key(customer_id), _encoded(products), ex=_TTL)
                pipe.execute()
            written += len(chunk)
        return written


def _encoded(products: CustomerList) -> bytes:
    """Return compressed JSON: a million lists take half of the memory, for 14 s more of one core."""
    return zlib.compress(orjson.dumps(products), level=1)


def _decoded(value: bytes) -> CustomerList:
    stored = orjson.loads(zlib.decompress(value))
    return CustomerList(**stored | {"scored_at": datetime.fromisoformat(stored["scored_at"]).astimezone(UTC)})
