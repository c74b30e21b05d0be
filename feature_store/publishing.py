"""The lists of gold.recommendations into the online store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import pyarrow as pa
import pyarrow.compute as pc

from contracts.errors import NotReadyError
from contracts.tables import GOLD_RECOMMENDATIONS
from data_lake.arrow_lake import ArrowLake
from data_lake.sql import Rows, open_sql
from feature_store.customer_lists import CustomerList, OnlineCustomerLists

# Bounds memory: the lists of so many are there at once.
_CUSTOMERS_AT_ONCE = 250_000
# Four places of a score are enough to compare products of one list, and a third of the bytes.
_LISTS = """
    SELECT
        customer_id,
        list(product_id ORDER BY rank) AS product_ids,
        list(round(score, 4) ORDER BY rank) AS scores,
        list(source ORDER BY rank) AS sources,
        any_value(model) AS model,
        any_value(model_version) AS model_version,
        any_value(scored_at) AS scored_at
    FROM recommendations
    WHERE hash(customer_id) % $parts = $part
    GROUP BY customer_id
"""

# Passes batches of lists on, of so many customers in all, and shows progress.
Watch = Callable[[Iterable[pa.RecordBatch], int], Iterable[pa.RecordBatch]]


def publish_customer_lists(lake: ArrowLake, online: OnlineCustomerLists, watch: Watch) -> int:
    """Write every customer's list; return how many. Safe to repeat.

    Raises ``NotReadyError`` where there are no lists, ``OnlineStoreUnavailableError`` without Redis.
    """
    there = lake.exists(GOLD_RECOMMENDATIONS)
    customers = lake.scan(GOLD_RECOMMENDATIONS).count_rows(filter=pc.field("rank") == 1) if there else 0
    if not customers:
        msg = f"{GOLD_RECOMMENDATIONS.name} holds no lists: run `aisle recommendations score` first"
        raise NotReadyError(msg)
    batches = watch(_lists(lake.scan(GOLD_RECOMMENDATIONS), 1 + customers // _CUSTOMERS_AT_ONCE), customers)
    return online.write(_named(row) for batch in batches for row in batch.to_pylist())


def _lists(recommendations: Rows, parts: int) -> Iterator[pa.RecordBatch]:
    for part in range(parts):
        with open_sql(_LISTS, {"parts": parts, "part": part}, recommendations=recommendations) as batches:
            yield from batches


def _named(row: dict[str, object]) -> tuple[str, CustomerList]:
    return str(row.pop("customer_id")), CustomerList(**row)  # type: ignore[arg-type]
