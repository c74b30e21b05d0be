"""Rankings that one server makes for all of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from hashlib import blake2b
from time import monotonic
from typing import Protocol

import orjson

from contracts.errors import OnlineStoreUnavailableError
from feature_store.shared_values import Found
from ml_modeling.recommender import RankedProduct
from model_serving.circuit_breaker import CircuitBreaker
from model_serving.product_facts import FactsByProduct, ProductFacts
from model_serving.ranking import Ranking

# Who makes a ranking has it within milliseconds; who waits longer than this makes it too.
_LOOKS, _BETWEEN_LOOKS_S = 10, 0.005


class ValueStore(Protocol):
    """Values that all servers see; every call raises ``OnlineStoreUnavailableError``."""

    def find_or_claim(self, key: bytes) -> Found:
        """Return the value, or whether making it falls to the caller."""
        ...

    def find(self, key: bytes) -> bytes | None:
        """Return the value."""
        ...

    def put(self, key: bytes, value: bytes) -> None:
        """Let all see a value."""
        ...


class SharedRankings:
    """Looks for a ranking that another server has made, or is making; and lets the others have what is made here.

    Without the store, or where that takes its time, each server makes its own.
    """

    def __init__(
        self,
        store: ValueStore,
        products: FactsByProduct,
        wait: Callable[[float], None] = time.sleep,
        now_s: Callable[[], float] = monotonic,
    ) -> None:
        self._store = store
        self._products = products
        self._wait = wait
        self._breaker = CircuitBreaker(now_s)

    def find(self, key: bytes) -> Ranking | None:
        """Return the ranking of a key; None: the caller is to make it."""
        value = self._asked(lambda: self._found(key))
        return None if value is None else self._current(value)

    def put(self, key: bytes, ranking: Ranking) -> None:
        """Let the other servers have a ranking."""
        value = _encoded(ranking)
        self._asked(lambda: self._store.put(key, value))

    def _found(self, key: bytes) -> bytes | None:
        value, is_claimed = self._store.find_or_claim(key)
        for _ in range(0 if is_claimed else _LOOKS):
            if value is not None:
                break
            self._wait(_BETWEEN_LOOKS_S)
            value = self._store.find(key)
        return value

    def _current(self, value: bytes) -> Ranking | None:
        """Return a ranking whose facts are still those that this server knows."""
        page, reason, considered, digest = orjson.loads(value)
        facts = self._products.of(considered)
        if _digest(facts) != digest:
            return None
        return Ranking([RankedProduct(*each) for each in page], reason, facts)

    def _asked(self, ask: Callable[[], bytes | None]) -> bytes | None:
        if not self._breaker.admit():
            return None
        try:
            answer = ask()
        except OnlineStoreUnavailableError:
            self._breaker.fail()
            return None
        self._breaker.succeed()
        return answer


def _encoded(ranking: Ranking) -> bytes:
    """Return it with which products were considered, and what tells their facts from others."""
    page = [(each.product_id, each.score, each.source) for each in ranking.page]
    return orjson.dumps((page, ranking.reason, list(ranking.facts), _digest(ranking.facts)))


def _digest(facts: Mapping[str, ProductFacts]) -> str:
    return blake2b(orjson.dumps(list(facts.values())), digest_size=16).hexdigest()
