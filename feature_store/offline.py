"""Features out of the lake: at an instant for training, the latest for materializing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from feast import FeatureView
from feast.types import FeastType, Float64, Int64, UnixTimestamp

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


def history_up_to(scan: Scan, view: FeatureView, names: Sequence[str], last: datetime) -> tuple[History, pa.Table]:
    """Return the view's rows up to an instant: as a history, and their time and features beside it."""
    source = source_of(view)
    table = _read(scan, view, names, pc.field(source.timestamp_field) <= last)
    return _history(view, table), _declared(view, table.select([source.timestamp_field, *names]))


def latest_features(lake: ArrowLake, view: FeatureView) -> pa.Table:
    """Return the latest row of every entity, whatever its age: join key, time column and features."""
    names = [feature.name for feature in view.features]
    table = _read(lake.scan, view, names, None)
    return _declared(view, table.take(latest_rows(_history(view, table))))


def as_feature(column: pa.ChunkedArray, dtype: FeastType) -> pa.ChunkedArray:
    """Return a table's column as the feature it is declared as, value for value what goes into Redis.

    A decimal becomes the nearest double by way of its digits: Arrow's own cast may miss it by one unit.
    """
    if dtype == Float64:
        return column.cast(pa.string()).cast(pa.float64()) if pa.types.is_decimal(column.type) else column
    if dtype == Int64:
        return column.cast(pa.int64())
    return pc.floor_temporal(column, unit="second") if dtype == UnixTimestamp else column


def _read(scan: Scan, view: FeatureView, features: Sequence[str], where: pc.Expression | None) -> pa.Table:
    source = source_of(view)
    needed = [*view.join_keys, source.timestamp_field, *([source.tie_break] if source.tie_break else []), *features]
    return scan(table_named(source.table)).to_table(columns=list(dict.fromkeys(needed)), filter=where)


def _history(view: FeatureView, table: pa.Table) -> History:
    source = source_of(view)
    ties = table[source.tie_break].cast(pa.int64()) if source.tie_break else None
    return History(table[view.join_keys[0]], table[source.timestamp_field], ties)


def _declared(view: FeatureView, table: pa.Table) -> pa.Table:
    dtype_of = {feature.name: feature.dtype for feature in view.features}
    columns = {
        name: as_feature(table[name], dtype_of[name]) if name in dtype_of else table[name]
        for name in table.column_names
    }
    return pa.table(columns)
