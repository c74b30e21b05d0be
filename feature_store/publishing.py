"""The lists of gold.recommendations into the online store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import pyarrow as pa

from contracts.errors import NotReadyError
from contracts.tables import GOLD_RECOMMENDATIONS
from data_lake.arrow_lake import ArrowLake
from data_lake.sql import Rows, open_sql, run_sql
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
    WHERE customer_id BETWEEN $first AND $last
    GROUP BY customer_id
"""
_CUSTOMERS = "SELECT customer_id FROM recommendations WHERE rank = 1 ORDER BY customer_id"

# Passes batches of lists on, of so many customers in all, and shows progress.
Watch = Callable[[Iterable[pa.RecordBatch], int], Iterable[pa.RecordBatch]]


def publish_customer_lists(lake: ArrowLake, online: OnlineCustomerLists, watch: Watch) -> int:
    """Write every customer's list; return how many. Safe to repeat.

    Raises ``NotReadyError`` where there are no lists, ``OnlineStoreUnavailableError`` without Redis.
    """
    if not lake.exists(GOLD_RECOMMENDATIONS) or not lake.count(GOLD_RECOMMENDATIONS):
        msg = f"{GOLD_RECOMMENDATIONS.name} holds no lists: run `aisle recommendations score` first"
        raise NotReadyError(msg)
    recommendations = lake.scan(GOLD_RECOMMENDATIONS)
    customers = run_sql(_CUSTOMERS, recommendations=recommendations)["customer_id"]
    batches = watch(_lists(recommendations, customers), len(customers))
    return online.write(_named(row) for batch in batches for row in batch.to_pylist())


def _lists(recommendations: Rows, customers: pa.ChunkedArray) -> Iterator[pa.RecordBatch]:
    """Yield the lists of customers by ranges of their sorted ids: the table is written in this order."""
    for first in range(0, len(customers), _CUSTOMERS_AT_ONCE):
        part = customers.slice(first, _CUSTOMERS_AT_ONCE)
        ends = {"first": part[0].as_py(), "last": part[-1].as_py()}
        with open_sql(_LISTS, ends, recommendations=recommendations) as batches:
            yield from batches


def _named(row: dict[str, object]) -> tuple[str, CustomerList]:
    return str(row.pop("customer_id")), CustomerList(**row)  # type: ignore[arg-type]
