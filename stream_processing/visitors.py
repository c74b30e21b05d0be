"""The visitors whom a micro-batch touches: their sessions, training rows and features, recomputed from silver.

Recomputed rather than added up: a late event changes what follows it, and a repeated batch changes nothing.
Online and in the lake by two queries: features must be online within seconds, three merges take longer than that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from pyspark.sql import DataFrame

from contracts.tables import (
    GOLD_SESSION_TRAINING_ROWS,
    GOLD_VISITOR_FEATURES,
    SILVER_CLICKSTREAM_EVENTS,
    SILVER_SESSIONS,
)
from data_lake.spark_lake import SparkLake
from stream_processing.session_training_rows import latest_session_features, session_training_rows
from stream_processing.sessions import exact_sessions, is_activity, sessionized, sessions
from stream_processing.visitor_features import visitor_features

# Writes rows (entity key, event_timestamp, features) of a feature view to the online store.
WriteOnline = Callable[[str, Sequence[Mapping[str, Any]]], object]

_USED = (
    *("visitor_id", "event_id", "event_type", "occurred_at", "customer_id", "device", "country"),
    *("product_id", "quantity", "unit_price", "lines"),
)
_ROWS_PER_WRITE = 5_000


def refresh_online(batch: DataFrame, lake: SparkLake, write_online: WriteOnline) -> None:
    """Write online the features of a micro-batch's visitors, and of the session that each of them is in.

    ``batch`` holds rows of ``silver.clickstream_events``; the features are those of the whole table.
    """
    with _events_of_touched(batch, lake) as (_, events):
        visitors = visitor_features(exact_sessions(events)).withColumnRenamed("occurred_at", "event_timestamp")
        _write_online(write_online, "visitor_features", visitors)
        _write_online(write_online, "session_features", latest_session_features(session_training_rows(events)))


def refresh_visitors(batch: DataFrame, lake: SparkLake) -> None:
    """Recompute in the lake every visitor of a micro-batch of ``silver.clickstream_events``."""
    with _events_of_touched(batch, lake) as (touched, events):
        exact = exact_sessions(events).persist()
        lake.replace(SILVER_SESSIONS, sessions(exact), touched)
        lake.replace(GOLD_SESSION_TRAINING_ROWS, session_training_rows(events), touched)
        lake.replace(GOLD_VISITOR_FEATURES, visitor_features(exact), touched)
        exact.unpersist()


@contextmanager
def _events_of_touched(batch: DataFrame, lake: SparkLake) -> Iterator[tuple[DataFrame, DataFrame]]:
    """Yield the visitors of a micro-batch and all their ``sessionized`` events, both in memory."""
    touched = batch.where(is_activity()).select("visitor_id").distinct().persist()
    # Counted first: the planner then knows their size, and broadcasts a small set.
    touched.count()
    history = lake.read(SILVER_CLICKSTREAM_EVENTS).select(*_USED).join(touched, "visitor_id", "left_semi")
    events = sessionized(history).persist()
    try:
        yield touched, events
    finally:
        events.unpersist()
        touched.unpersist()


def _write_online(write_online: WriteOnline, view: str, rows: DataFrame) -> None:
    for batch in rows.toArrow().to_batches(max_chunksize=_ROWS_PER_WRITE):
        write_online(view, batch.to_pylist())
