"""Rows of gold's feature tables at random, as many as wanted: one of each entity a day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa

from contracts.tables import Table
from data_lake.arrow_lake import ArrowLake
from data_lake.schemas import arrow_schema


def fill(lake: ArrowLake, table: Table, days: Iterable[datetime], count: int, rng: np.random.Generator) -> None:
    """Append ``count`` entities as of each of ``days``, a commit each."""
    lake.create_missing([table])
    for day in days:
        lake.append(table, _rows(table, count, day, rng))


def _rows(table: Table, count: int, as_of: datetime, rng: np.random.Generator) -> pa.Table:
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
