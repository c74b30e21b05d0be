"""Silver: the messages that are events, typed and each once, in one table per topic; the others beside them.

No watermark: a replay of 2019 beside live trade is normal. The ids seen are the query's state (RocksDB, on disk), kept
for good. A batch that ``kill -9`` cut runs again from the same state and finds by its number which of its writes are
done. Counts per batch would lie after that: count the tables.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame

from contracts.tables import EVENT_TABLES, SILVER_REJECTED_EVENTS
from data_lake.arrow_lake import ArrowLake
from stream_processing.checked_messages import check_messages
from stream_processing.micro_batch import MicroBatch
from stream_processing.rejected_share import require_few_rejected
from stream_processing.typed_events import typed_events

_MILLISECOND = timedelta(milliseconds=1)


def new_messages(messages: DataFrame) -> DataFrame:
    """Check a stream of messages and keep one an id: ``event_id``, or ``rejected_id``.

    The first to arrive wins; among the copies within one micro-batch any does.
    """
    return check_messages(messages).dropDuplicates(["id"])


def land_silver(batch: MicroBatch, lake: ArrowLake, max_rejected_ratio: float) -> None:
    """Write a micro-batch of ``new_messages``; raises ``TooManyRejectedError`` before anything is written."""
    messages = batch.rows
    require_few_rejected(messages, max_rejected_ratio)
    is_event = pc.is_null(messages["reason"])
    rejected = messages.filter(pc.invert(is_event)).rename_columns({"id": "rejected_id"})
    if rejected.num_rows:
        lake.append(SILVER_REJECTED_EVENTS, rejected, batch.transaction)
    for topic, table in EVENT_TABLES.items():
        theirs = messages.filter(pc.and_(is_event, pc.equal(messages["topic"], topic.name)))
        if theirs.num_rows:
            events = typed_events(theirs, table)
            lake.append(table, _processed_after(lake.newest(table, "processed_at"), events), batch.transaction)


def _processed_after(newest: datetime | None, events: pa.Table) -> pa.Table:
    """Let a table's ``processed_at`` grow where the machine's clock was set back: gold follows silver by it."""
    if newest is None or events["processed_at"][0].as_py() > newest:
        return events
    later = pa.repeat(pa.scalar(newest + _MILLISECOND, events.schema.field("processed_at").type), events.num_rows)
    return events.set_column(events.schema.get_field_index("processed_at"), "processed_at", later)
