"""A lake of customers with sessions and sales, of any size: what batch scoring is measured on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from contracts.tables import SILVER_SESSIONS, SILVER_TRANSACTION_LINES, Table
from data_lake.arrow_lake import ArrowLake
from data_lake.schemas import arrow_schema

PRODUCTS = 20_000
SESSIONS_A_CUSTOMER = 3
_FIRST = datetime(2026, 9, 1, tzinfo=UTC)
_DAYS = 60
_MOST_PRODUCTS = 9
_CUSTOMERS_A_WRITE = 100_000
# Sessions walk through a ring of products, starting at popular ones.
_LONGEST_STEP = 12


def product_ids() -> list[str]:
    """Return the ids of all products, sorted."""
    return [f"p-{number:05d}" for number in range(PRODUCTS)]


def fill_lake(uri: str, customers: int) -> None:
    """Write ``SESSIONS_A_CUSTOMER`` sessions of each customer, of 2 to 9 products, and a sale of every third."""
    lake, rng = ArrowLake(uri), np.random.default_rng(17)
    lake.create_missing([SILVER_SESSIONS, SILVER_TRANSACTION_LINES])
    for first in range(0, customers, _CUSTOMERS_A_WRITE):
        numbers = np.arange(first, min(first + _CUSTOMERS_A_WRITE, customers))
        lake.append(SILVER_SESSIONS, sessions_of(np.repeat(numbers, SESSIONS_A_CUSTOMER), rng))
        lake.append(SILVER_TRANSACTION_LINES, _sales_of(numbers[::3], rng))


def sessions_of(customers: NDArray[np.int64], rng: np.random.Generator) -> pa.Table:
    """Return a session of each of these customers, by number."""
    count = len(customers)
    lengths = rng.integers(2, _MOST_PRODUCTS + 1, count)
    walked = _walks(count, rng)[np.arange(_MOST_PRODUCTS) < lengths[:, None]]
    offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32))
    columns = {
        "session_id": [f"s-{number:016x}" for number in rng.integers(1 << 62, size=count)],
        "customer_id": _customer_ids(customers),
        "visitor_id": _customer_ids(customers),
        "started_at": _times(count, rng),
        "event_count": pa.array(lengths.astype(np.int32)),
        "product_ids": pa.ListArray.from_arrays(offsets, pa.array(product_ids()).take(pa.array(walked))),
        "is_bot": pa.repeat(False, count),
    }
    return _table(SILVER_SESSIONS, columns, count)


def baskets(count: int) -> Iterator[list[str]]:
    """Yield sessions to learn from, in order of time, by the same walks."""
    rng, ids = np.random.default_rng(18), product_ids()
    lengths = rng.integers(2, _MOST_PRODUCTS + 1, count)
    for walk, length in zip(_walks(count, rng).tolist(), lengths.tolist(), strict=True):
        yield [ids[code] for code in walk[:length]]


def _walks(count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    starts = (PRODUCTS * rng.random(count) ** 3).astype(np.int64)
    steps = rng.integers(1, _LONGEST_STEP + 1, (count, _MOST_PRODUCTS)).cumsum(axis=1)
    walks: NDArray[np.int64] = (starts[:, None] + steps) % PRODUCTS
    return walks


def _sales_of(customers: NDArray[np.int64], rng: np.random.Generator) -> pa.Table:
    count = len(customers)
    columns = {
        "event_id": [f"e-{number}" for number in customers],
        "line_number": pa.array(np.ones(count, np.int32)),
        "occurred_at": _times(count, rng),
        "channel": pa.repeat("pos", count),
        "customer_id": _customer_ids(customers),
        "product_id": pa.array(product_ids()).take(pa.array(_walks(count, rng)[:, 0])),
    }
    return _table(SILVER_TRANSACTION_LINES, columns, count)


def _customer_ids(numbers: NDArray[np.int64]) -> list[str]:
    return [f"c-{number:07d}" for number in numbers]


def _times(count: int, rng: np.random.Generator) -> pa.Array:
    seconds = rng.integers(_DAYS * 86_400, size=count) + int(_FIRST.timestamp())
    return pa.array(seconds * int(timedelta(seconds=1) / timedelta(microseconds=1)), pa.timestamp("us", tz="UTC"))


def _table(table: Table, columns: dict[str, pa.Array], rows: int) -> pa.Table:
    schema = arrow_schema(table)
    empty = {field.name: pa.nulls(rows, field.type) for field in schema}
    return pa.table(empty | columns, schema)
