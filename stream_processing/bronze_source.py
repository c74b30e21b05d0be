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
from data_lake.compaction import bytes_of
from stream_processing.messages import MAX_MESSAGES_PER_BATCH


def read_bronze(spark: SparkSession, lake: ArrowLake) -> DataFrame:
    """Return the stream of the messages in the lake's bronze tables; columns as ``messages.read_topics`` has them.

    A micro-batch takes the same share of each table, in whole files.
    """
    opened = [lake.open(bronze_table(topic)) for topic in TOPICS]
    share = MAX_MESSAGES_PER_BATCH / max(1, sum(table.count() for table in opened))
    tables = [
        spark.readStream.format("delta")
        .option("maxBytesPerTrigger", max(1, round(share * bytes_of(table))))
        .load(table.table_uri)
        for table in opened
    ]
    return reduce(DataFrame.unionByName, tables).withColumn("processed_at", sf.current_timestamp())
