"""Features out of the lake: at an instant for training, the latest for materializing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from feast import FeatureView
from feast.types import FeastType, Float64, Int64, UnixTimestamp
from numpy.typing import NDArray

from contracts.tables import Table, table_named
from data_lake.arrow_lake import ArrowLake
from feature_store.lake_source import source_of
from feature_store.point_in_time import History, latest_rows, rows_as_of

# Opens a table's rows: the newest ones, or those of a pinned version.
Scan = Callable[[Table], ds.Dataset]


def features_as_of(
    scan: Scan, view: FeatureView, names: Sequence[str], keys: pa.ChunkedArray, times: pa.ChunkedArray
) -> pa.Table:
    """Return the view's features ``names`` for each key at each time: one row each, in order.

    Null where there was no value yet, or where the last one was older than the view's ``ttl``.
    """
    if len(keys) == 0:
        return _declared(view, _read(scan, view, names, pc.scalar(False)).select(names))
    table = _read(scan, view, names, pc.field(source_of(view).timestamp_field) <= pc.max(times))
    rows = rows_as_of(keys, times, _history(view, table), view.ttl)
    return _declared(view, table.select(names).take(rows))


def latest_of(scan: Scan, view: FeatureView, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return the latest row of each of some entities, whatever its age: time column and features by id."""
    [key], time = view.join_keys, source_of(view).timestamp_field
    names = [feature.name for feature in view.features]
    table = _read(scan, view, names, None)
    table = table.filter(pc.is_in(table[key], pa.array(ids, pa.string())))
    latest = table.take(latest_rows(_history(view, table))).select([key, time, *names])
    return {row.pop(key): row for row in _declared(view, latest).to_pylist()}


def latest_features(lake: ArrowLake, view: FeatureView) -> pa.Table:
    """Return the latest row of every entity, whatever its age: join key, time column and features."""
    names = [feature.name for feature in view.features]
    table = _read(lake.scan, view, names, None)
    return _declared(view, table.take(latest_rows(_history(view, table))))


def latest_batches(lake: ArrowLake, view: FeatureView, most_rows: int) -> Iterator[pa.RecordBatch]:
    """Yield what ``latest_features`` returns, at most ``most_rows`` rows at a time.

    A file without a latest row is read for its keys and times only.
    """
    dataset = lake.scan(table_named(source_of(view).table))
    files = [(file, file.to_table(dataset.schema, columns=_columns(view, ()))) for file in dataset.get_fragments()]
    if not files:
        return
    latest = latest_rows(_history(view, pa.concat_tables([keys for _, keys in files]))).to_numpy()
    names, first = [feature.name for feature in view.features], 0
    for file, keys in files:
        start, end = np.searchsorted(latest, [first, first + keys.num_rows])
        if start < end:
            batches = file.to_batches(dataset.schema, columns=_columns(view, names), batch_size=most_rows)
            yield from (_declared(view, rows) for rows in _numbered(batches, latest[start:end] - first))
        first += keys.num_rows


def _numbered(batches: Iterable[pa.RecordBatch], wanted: NDArray[np.int64]) -> Iterator[pa.RecordBatch]:
    """Yield of each batch the rows whose numbers, over all batches, are ``wanted``; these are in order."""
    first = 0
    for batch in batches:
        start, end = np.searchsorted(wanted, [first, first + batch.num_rows])
        if start < end:
            yield batch.take(pa.array(wanted[start:end] - first))
        first += batch.num_rows


def as_feature(column: pa.Array | pa.ChunkedArray, dtype: FeastType) -> pa.Array | pa.ChunkedArray:
    """Return a table's column as the feature it is declared as, value for value what goes into Redis.

    A decimal becomes the nearest double by way of its digits: Arrow's own cast may miss it by one unit.
    """
    if dtype == Float64:
        return column.cast(pa.string()).cast(pa.float64()) if pa.types.is_decimal(column.type) else column
    if dtype == Int64:
        return column.cast(pa.int64())
    return pc.floor_temporal(column, unit="second") if dtype == UnixTimestamp else column


def _read(scan: Scan, view: FeatureView, features: Sequence[str], where: pc.Expression | None) -> pa.Table:
    return scan(table_named(source_of(view).table)).to_table(columns=_columns(view, features), filter=where)


def _columns(view: FeatureView, features: Sequence[str]) -> list[str]:
    """Return key, time, what orders rows of one time, and features, each once."""
    source = source_of(view)
    needed = [*view.join_keys, source.timestamp_field, *([source.tie_break] if source.tie_break else []), *features]
    return list(dict.fromkeys(needed))


def _history(view: FeatureView, table: pa.Table) -> History:
    source = source_of(view)
    ties = table[source.tie_break].cast(pa.int64()) if source.tie_break else None
    return History(table[view.join_keys[0]], table[source.timestamp_field], ties)


def _declared(view: FeatureView, rows: pa.Table | pa.RecordBatch) -> pa.Table | pa.RecordBatch:
    dtype_of = {feature.name: feature.dtype for feature in view.features}
    columns = {
        name: as_feature(rows[name], dtype_of[name]) if name in dtype_of else rows[name] for name in rows.schema.names
    }
    return type(rows).from_pydict(columns)
