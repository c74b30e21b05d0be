"""Bronze: every Kafka message as it came, good or bad, into one table per topic."""

from __future__ import annotations

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as sf

from contracts.tables import bronze_table
from contracts.topics import Topic

# Bounds one micro-batch, and with it memory and the time to the first rows when a backlog waits.
_MAX_MESSAGES_PER_BATCH = 200_000
# Files per micro-batch: as many as the two writers of the smallest machine, not one per Kafka partition.
_FILES_PER_BATCH = 2


def read_topic(spark: SparkSession, servers: str, topic: Topic) -> DataFrame:
    """Return the stream of a topic's messages from its beginning; a lost offset stops the stream."""
    return (
        spark.readStream.format("kafka")
        .option("kafka.bootstrap.servers", servers)
        .option("subscribe", topic.name)
        .option("startingOffsets", "earliest")
        .option("failOnDataLoss", "true")
        .option("includeHeaders", "true")
        .option("maxOffsetsPerTrigger", _MAX_MESSAGES_PER_BATCH)
        .load()
    )


def bronze_rows(messages: DataFrame, topic: Topic) -> DataFrame:
    """Shape Kafka messages as rows of the topic's bronze table."""
    named = messages.withColumnRenamed("timestamp", "received_at").withColumn("processed_at", sf.current_timestamp())
    return named.select(*bronze_table(topic).column_names).coalesce(_FILES_PER_BATCH)
