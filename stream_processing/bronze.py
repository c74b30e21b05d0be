"""Bronze: every Kafka message as it came, good or bad, into one table per topic."""

from __future__ import annotations

import pyarrow.compute as pc

from contracts.tables import bronze_table
from contracts.topics import TOPICS
from data_lake.arrow_lake import ArrowLake
from stream_processing.micro_batch import MicroBatch


def land_bronze(batch: MicroBatch, lake: ArrowLake) -> None:
    """Append a micro-batch of ``messages.read_topics``, each topic's messages to its table."""
    for topic in TOPICS:
        rows = batch.rows.filter(pc.equal(batch.rows["topic"], topic.name))
        if rows.num_rows:
            lake.append(bronze_table(topic), rows, batch.transaction)
