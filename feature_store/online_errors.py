"""What readers of Redis raise where it does not answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from redis.exceptions import RedisError

from contracts.errors import OnlineStoreUnavailableError


@contextmanager
def naming_the_store() -> Iterator[None]:
    """Raise ``OnlineStoreUnavailableError`` for whatever Redis or the way to it raises."""
    try:
        yield
    except RedisError as error:
        msg = f"online store does not answer: {error}"
        raise OnlineStoreUnavailableError(msg) from error
