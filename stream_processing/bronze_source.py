"""Bronze as the source of the queries, to make silver and gold anew: the live way, with tables where Kafka was.

Of copies of one event any may be the one that is kept, so address and time of arrival may differ from the live run's;
ids, contents and everything computed from them do not.
"""

from __future__ import annotations

from functools import reduce

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as sf

from contracts.tables import bronze_table
from contracts.topics import TOPICS
from data_lake.arrow_lake import ArrowLake

# Bounds one micro-batch, and with it memory: some 200,000 messages. A single larger file is taken whole.
_BYTES_PER_BATCH = "16m"


def read_bronze(spark: SparkSession, lake: ArrowLake) -> DataFrame:
    """Return the stream of the messages in the lake's bronze tables; columns as ``messages.read_topics`` has them."""
    tables = [
        spark.readStream.format("delta")
        .option("maxBytesPerTrigger", _BYTES_PER_BATCH)
        .load(lake.path(bronze_table(topic)))
        for topic in TOPICS
    ]
    return reduce(DataFrame.unionByName, tables).withColumn("processed_at", sf.current_timestamp())
