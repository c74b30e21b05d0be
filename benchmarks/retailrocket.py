"""The recommender on RetailRocket, the split of COTREC (Xia et al. 2021): next product of a session, full ranking.

Each test row is scored alone, from its own prefix and a model of the training sessions; the right answers are looked at
when all are scored. The training file's order of sessions stands for time.
"""

from __future__ import annotations

import gzip
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from time import perf_counter
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from ml_modeling.ranking_metrics import mrr_at, recall_at
from ml_modeling.recommending.sessions import Sessions
from ml_modeling.recommending.two_stage import TwoStage

DATA = Path(__file__).parents[2] / "shared" / "data" / "retailrocket"
PRODUCTS = 36_968
# Every test row holds at least so many.
_SHORTEST_PREFIX = 2
_TOP = 20


def measure() -> dict[str, Any]:
    """Train, score every test row, and return the figures."""
    sessions = training_sessions()
    TwoStage.fit(sessions.between(0, 2_000), _SHORTEST_PREFIX)  # compiles
    started = perf_counter()
    model = TwoStage.fit(sessions, _SHORTEST_PREFIX)
    train_s = perf_counter() - started
    prefixes, targets = test_rows()
    ranked, took_ms = _ranked(model, prefixes)
    positions = [_position(products, target) for products, target in zip(ranked, targets, strict=True)]
    candidates = [model.retrieval.candidates(prefix).products for prefix in prefixes]
    found = [target in products for products, target in zip(candidates, targets, strict=True)]
    return {
        "retailrocket_recall20": round(recall_at(positions, _TOP), 4),
        "retailrocket_mrr20": round(mrr_at(positions, _TOP), 4),
        "retailrocket_candidate_recall100": round(float(np.mean(found)), 4),
        "retailrocket_train_s": round(train_s, 1),
        "retailrocket_p50_ms": round(float(np.percentile(took_ms, 50)), 3),
        "retailrocket_p99_ms": round(float(np.percentile(took_ms, 99)), 3),
        "retailrocket_rows": len(targets),
        "retailrocket_peak_rss_mib": round(getrusage(RUSAGE_SELF).ru_maxrss / 1024),
    }


def training_sessions() -> Sessions:
    """Return the training sessions, in the file's order."""
    with gzip.open(DATA / "train_sessions.csv.gz", "rt", encoding="ascii") as file:
        numbers, _, products = np.loadtxt(file, delimiter=",", skiprows=1, dtype=np.int64).T
    offsets = np.searchsorted(numbers, np.arange(numbers[-1] + 2))
    return Sessions((products - 1).astype(np.int32), offsets, PRODUCTS)


def test_rows() -> tuple[list[NDArray[np.int32]], list[int]]:
    """Return the products of each test row, and what came next."""
    lines = (DATA / "test_prefix_target.jsonl").read_bytes().splitlines()
    rows = [orjson.loads(line) for line in lines]
    return [np.array(row["prefix"], np.int32) - 1 for row in rows], [row["target"] - 1 for row in rows]


def _ranked(model: TwoStage, prefixes: list[NDArray[np.int32]]) -> tuple[list[list[int]], list[float]]:
    ranked, took_ms = [], []
    for prefix in prefixes:
        started = perf_counter()
        products = model.next_products(prefix, _TOP)
        took_ms.append(1000 * (perf_counter() - started))
        ranked.append(products.tolist())
    return ranked, took_ms


def _position(products: list[int], target: int) -> int | None:
    return products.index(target) + 1 if target in products else None
