"""Features from the lake into the online store."""

from __future__ import annotations

from feast import FeatureView

from data_lake.arrow_lake import ArrowLake
from feature_store.lake_source import source_of
from feature_store.live_rows import require_rows
from feature_store.offline import latest_batches
from feature_store.online import OnlineFeatures

# About 3 MB of features; Redis answers after each.
_ROWS_PER_WRITE = 2_000


def materialize(lake: ArrowLake, online: OnlineFeatures, view: FeatureView) -> int:
    """Write the latest row of every entity, whatever its age; return how many were written.

    A row is written unless the stored one is newer, so a stream may run meanwhile. Of the table's rows the keys and
    times are in memory, of the features a few thousand rows. Raises ``NotReadyError`` where the table was never made,
    ``OnlineStoreUnavailableError`` without Redis, ``UserError`` for a live view.
    """
    require_rows(view)
    batches = latest_batches(lake, view, _ROWS_PER_WRITE)
    return sum(online.write_batch(view, batch, source_of(view).timestamp_field) for batch in batches)
