"""Kafka's messages as a stream: what bronze keeps, and silver checks."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as sf

from contracts.topics import Topic

# Bounds one micro-batch, and with it memory and the time to the first rows when a backlog waits.
MAX_MESSAGES_PER_BATCH = 200_000


def read_topics(spark: SparkSession, servers: str, topics: Sequence[Topic]) -> DataFrame:
    """Return the stream of the topics' messages from their beginning; a lost offset stops the stream.

    Columns: key, value, topic, partition, offset, headers, ``received_at`` and ``processed_at`` (of the micro-batch).
    """
    messages = (
        spark.readStream.format("kafka")
        .option("kafka.bootstrap.servers", servers)
        .option("subscribe", ",".join(topic.name for topic in topics))
        .option("startingOffsets", "earliest")
        .option("failOnDataLoss", "true")
        .option("includeHeaders", "true")
        .option("kafka.fetch.max.wait.ms", "20")
        .option("maxOffsetsPerTrigger", MAX_MESSAGES_PER_BATCH)
        .load()
    )
    return messages.withColumnRenamed("timestamp", "received_at").withColumn("processed_at", sf.current_timestamp())
