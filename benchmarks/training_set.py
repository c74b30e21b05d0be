"""Measure how long a training set of a million labels takes, and the memory it needs.

A lake of customers and products with a row a day each, in as many commits, and labels at random moments, some before
the first value and after the last. Run as its own process, so that the peak is that of the training set alone.
"""

from __future__ import annotations

import resource
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.machine import keep, load_1m, machine, versions
from contracts.clock import SystemClock
from contracts.tables import GOLD_CUSTOMER_FEATURES, GOLD_PRODUCT_FEATURES, Table
from data_lake.arrow_lake import ArrowLake
from data_lake.schemas import arrow_schema
from feature_store.training_set_files import Request, make_training_set

LABELS = 1_000_000
_DAYS, _CUSTOMERS, _PRODUCTS = 30, 50_000, 20_000
_FIRST = datetime(2026, 10, 1, tzinfo=UTC)


def main() -> int:
    """Measure in this process, print, write."""
    with TemporaryDirectory(prefix="aisle-bench-") as directory:
        result = measure(Path(directory))
    keep("training_set", result)
    return 0


def measure(directory: Path) -> dict[str, Any]:
    """Fill a lake in ``directory``, make the training set, and return the figures."""
    rng = np.random.default_rng(11)
    lake, labels = ArrowLake(str(directory / "lake")), directory / "labels.parquet"
    _say(f"filling {_DAYS} days of {_CUSTOMERS} customers and {_PRODUCTS} products")
    for table, count in ((GOLD_CUSTOMER_FEATURES, _CUSTOMERS), (GOLD_PRODUCT_FEATURES, _PRODUCTS)):
        _fill(lake, table, count, rng)
    pq.write_table(_labels(rng), labels)
    load_before, before_mib, started = load_1m(), _peak_mib(), time.perf_counter()
    _say(f"{LABELS} labels")
    made = make_training_set(lake, Request("recommender_v2", str(labels)), directory / "rows.parquet", SystemClock())
    seconds = time.perf_counter() - started
    rows = pq.read_table(directory / "rows.parquet")
    features = [name for name in rows.column_names if "__" in name]
    return {
        "training_set_s": round(seconds, 2),
        "peak_mib": _peak_mib(),
        "peak_before_mib": before_mib,
        "labels": made.rows,
        "features": len(features),
        "history_rows": _DAYS * (_CUSTOMERS + _PRODUCTS),
        "null_ratio": round(sum(rows[name].null_count for name in features) / rows.num_rows / len(features), 4),
        "file_mib": round((directory / "rows.parquet").stat().st_size / 2**20),
        "machine": machine(),
        "versions": versions("duckdb", "pyarrow", "deltalake"),
        "load": {"before_1m": load_before, "after_1m": load_1m()},
    }


def _fill(lake: ArrowLake, table: Table, count: int, rng: np.random.Generator) -> None:
    lake.create_missing([table])
    for day in range(_DAYS):
        lake.append(table, _rows_of_day(table, count, _FIRST + timedelta(days=day), rng))


def _rows_of_day(table: Table, count: int, as_of: datetime, rng: np.random.Generator) -> pa.Table:
    schema = arrow_schema(table)
    prefix = table.key[0][0]
    columns = {
        table.key[0]: pa.array([f"{prefix}-{number:06d}" for number in range(count)]),
        "as_of": pa.array([as_of] * count, schema.field("as_of").type),
        "last_order_at": pa.array([as_of - timedelta(days=1)] * count, pa.timestamp("us", "UTC")),
    }
    for field in schema:
        if field.name not in columns:
            columns[field.name] = _values(field, count, rng)
    return pa.table({field.name: columns[field.name] for field in schema}, schema)


def _values(field: pa.Field, count: int, rng: np.random.Generator) -> pa.Array:
    if pa.types.is_floating(field.type) or pa.types.is_decimal(field.type):
        return pa.array(rng.integers(0, 100_000, count) / 100).cast(field.type, safe=False)
    if pa.types.is_integer(field.type):
        return pa.array(rng.integers(0, 1_000, count)).cast(field.type)
    return pa.nulls(count, field.type)


def _labels(rng: np.random.Generator) -> pa.Table:
    seconds = rng.integers(-2 * 86_400, (_DAYS + 65) * 86_400, LABELS)
    customers, products = rng.integers(0, _CUSTOMERS, LABELS), rng.integers(0, _PRODUCTS, LABELS)
    return pa.table(
        {
            "customer_id": pa.array([f"c-{number:06d}" for number in customers.tolist()]),
            "product_id": pa.array([f"p-{number:06d}" for number in products.tolist()]),
            "event_timestamp": pa.array(int(_FIRST.timestamp()) + seconds, pa.timestamp("s", "UTC")),
            "offered_price": rng.random(LABELS) * 100,
            "label": rng.random(LABELS) < 0.1,
        }
    )


def _peak_mib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _say(text: str) -> None:
    print(f"bench-training-set: {text}", file=sys.stderr)


if __name__ == "__main__":
    raise SystemExit(main())
