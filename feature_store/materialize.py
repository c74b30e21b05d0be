"""Features from the lake into the online store."""

from __future__ import annotations

from feast import FeatureView

from data_lake.arrow_lake import ArrowLake
from feature_store.lake_source import source_of
from feature_store.offline import latest_features
from feature_store.online import OnlineFeatures
from feature_store.read_log import EVENT_TIMESTAMP

_ROWS_PER_WRITE = 500


def materialize(lake: ArrowLake, online: OnlineFeatures, view: FeatureView) -> int:
    """Write the latest row of every entity, whatever its age; return how many were written.

    A row is written unless the stored one is newer, so a stream may run meanwhile. Raises ``NotReadyError`` where
    the table was never made, ``OnlineStoreUnavailableError`` without Redis.
    """
    time_column = source_of(view).timestamp_field
    table = latest_features(lake, view)
    table = table.rename_columns([EVENT_TIMESTAMP if name == time_column else name for name in table.column_names])
    return sum(online.write(view.name, batch.to_pylist()) for batch in table.to_batches(_ROWS_PER_WRITE))
