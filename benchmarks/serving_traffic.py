"""RetailRocket's sessions as 100,000 visitors of a shop, each known by what they have looked at, and their requests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import orjson
from numpy.typing import NDArray

from benchmarks import retailrocket
from benchmarks.serving_connection import get, post
from feature_store.live.life import latest_products

VISITORS = 100_000
LIMIT = 20
_SEED = 7


@dataclass(frozen=True)
class Traffic:
    """Visitor k has seen the products ``sessions[k]`` (codes, in order), and asks as the k-th.

    The first ``len(targets)`` are test rows in random order, of which ``targets`` has what came next; the others are
    the newest training sessions.
    """

    sessions: Sequence[NDArray[np.int32]]
    targets: Sequence[int]

    def latest(self, visitor: int) -> list[str]:
        """Return the last 20 distinct products of a visitor, latest first, as Redis holds them."""
        return latest_products(product_id(code) for code in self.sessions[visitor][::-1].tolist())


def retailrocket_traffic() -> Traffic:
    """Return the same traffic each time."""
    prefixes, targets = retailrocket.test_rows()
    order = np.random.default_rng(_SEED).permutation(len(targets)).tolist()
    training = retailrocket.training_sessions()
    newest = range(len(training) - (VISITORS - len(targets)), len(training))
    sessions = [*(prefixes[row] for row in order), *(training[which] for which in newest)]
    return Traffic(sessions, [targets[row] for row in order])


def product_id(code: int) -> str:
    """Return the id under which the models know a product of RetailRocket."""
    return f"{code:05d}"


def visitor_id(visitor: int) -> str:
    """Return a visitor's id."""
    return f"v-{visitor:06d}"


def by_visitor(traffic: Traffic) -> list[bytes]:
    """Return requests for a list for each visitor: their products are read from Redis."""
    return [get(list_path(each)) for each in range(len(traffic.sessions))]


def list_path(visitor: int) -> str:
    """Return where the list for a visitor is."""
    return f"/v1/recommendations/{visitor_id(visitor)}?limit={LIMIT}"


def by_session(traffic: Traffic) -> list[bytes]:
    """Return requests that bring the visitor's products along: Redis is not asked for them."""
    return [post("/v1/recommendations", _session(traffic, each)) for each in range(len(traffic.sessions))]


def by_strangers(traffic: Traffic) -> list[bytes]:
    """Return requests for visitors of whom nothing is known: popularity is all there is."""
    return [get(f"/v1/recommendations/stranger-{each}?limit={LIMIT}") for each in range(len(traffic.sessions))]


def of_features(traffic: Traffic) -> list[bytes]:
    """Return requests for the online features of each visitor."""
    return [get(f"/v1/features/{visitor_id(each)}") for each in range(len(traffic.sessions))]


def _session(traffic: Traffic, visitor: int) -> bytes:
    asked = {
        "placement": "session",
        "visitor_id": visitor_id(visitor),
        "product_ids": traffic.latest(visitor),
        "limit": LIMIT,
    }
    return orjson.dumps(asked)
