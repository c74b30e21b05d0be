"""How long a training set of a million labels takes, and the memory it needs.

A lake of customers and products with a row a day each, in as many commits, and labels at random moments, some before
the first value and after the last. Measured in a process of its own, whose peak is the training set's.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.feature_rows import fill
from benchmarks.machine import peak_mib
from benchmarks.running import in_own_process, say
from contracts.clock import SystemClock
from contracts.tables import GOLD_CUSTOMER_FEATURES, GOLD_PRODUCT_FEATURES
from data_lake.arrow_lake import ArrowLake
from feature_store.training_set_files import Request, make_training_set

_LABELS = 1_000_000
_DAYS, _CUSTOMERS, _PRODUCTS = 30, 50_000, 20_000
_FIRST = datetime(2026, 10, 1, tzinfo=UTC)


def measure() -> dict[str, Any]:
    """Fill a lake, make the training set in another process, and return the figures."""
    with TemporaryDirectory(prefix="aisle-bench-") as directory:
        lake = ArrowLake(_lake(Path(directory)))
        say(f"training set: filling {_DAYS} days of {_CUSTOMERS:,} customers and {_PRODUCTS:,} products")
        rng = np.random.default_rng(11)
        for table, count in ((GOLD_CUSTOMER_FEATURES, _CUSTOMERS), (GOLD_PRODUCT_FEATURES, _PRODUCTS)):
            fill(lake, table, [_FIRST + timedelta(days=day) for day in range(_DAYS)], count, rng)
        pq.write_table(_labels(rng), _labels_file(Path(directory)))
        say(f"training set: {_LABELS:,} labels")
        return in_own_process(_made, Path(directory))


def _made(directory: Path) -> dict[str, Any]:
    before_mib, started, out = peak_mib(), time.perf_counter(), directory / "rows.parquet"
    request = Request("recommender_v2", str(_labels_file(directory)))
    made = make_training_set(ArrowLake(_lake(directory)), request, out, SystemClock())
    seconds, most_mib = time.perf_counter() - started, peak_mib()
    rows = pq.read_table(out)
    features = [name for name in rows.column_names if "__" in name]
    nulls = sum(rows[name].null_count for name in features)
    return {
        "training_set_s": round(seconds, 2),
        "training_set_peak_mib": most_mib,
        "training_set_peak_before_mib": before_mib,
        "training_set_labels": made.rows,
        "training_set_features": len(features),
        "training_set_history_rows": _DAYS * (_CUSTOMERS + _PRODUCTS),
        "training_set_null_ratio": round(nulls / rows.num_rows / len(features), 4),
        "training_set_file_mib": round(out.stat().st_size / 2**20),
    }


def _lake(directory: Path) -> str:
    return str(directory / "lake")


def _labels_file(directory: Path) -> Path:
    return directory / "labels.parquet"


def _labels(rng: np.random.Generator) -> pa.Table:
    seconds = rng.integers(-2 * 86_400, (_DAYS + 65) * 86_400, _LABELS)
    customers, products = rng.integers(0, _CUSTOMERS, _LABELS), rng.integers(0, _PRODUCTS, _LABELS)
    return pa.table(
        {
            "customer_id": pa.array([f"c-{number:06d}" for number in customers.tolist()]),
            "product_id": pa.array([f"p-{number:06d}" for number in products.tolist()]),
            "event_timestamp": pa.array(int(_FIRST.timestamp()) + seconds, pa.timestamp("s", "UTC")),
            "offered_price": rng.random(_LABELS) * 100,
            "label": rng.random(_LABELS) < 0.1,
        }
    )
