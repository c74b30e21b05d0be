"""``gold.revenue_per_minute``: orders, sales and returns of every minute, online and in stores."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as sf

from contracts.tables import GOLD_REVENUE_PER_MINUTE, SILVER_CLICKSTREAM_EVENTS, SILVER_POS_EVENTS
from data_lake.spark_lake import SparkLake
from stream_processing.sessions import lines_total

_CHANNELS = {"order_placed": "online", "pos_transaction_completed": "pos", "pos_return_completed": "pos"}
_RETURN = "pos_return_completed"


def trades(events: DataFrame) -> DataFrame:
    """Return the orders, sales and returns of either silver event table: type, ``minute``, ``channel`` and lines."""
    channel = sf.create_map(*(sf.lit(word) for pair in _CHANNELS.items() for word in pair))[sf.col("event_type")]
    return events.where(sf.col("event_type").isin(*_CHANNELS)).select(
        "event_type", sf.date_trunc("minute", "occurred_at").alias("minute"), channel.alias("channel"), "lines"
    )


def revenue_per_minute(all_trades: DataFrame) -> DataFrame:
    """Return the table's rows from all ``trades`` of each minute in it; totals are rounded once, at the end."""
    is_return = sf.col("event_type") == _RETURN
    units = sf.aggregate("lines", sf.lit(0).cast("bigint"), lambda total, line: total + line["quantity"])
    return (
        all_trades.groupBy("minute", "channel")
        .agg(
            sf.count_if(~is_return).alias("orders"),
            sf.coalesce(sf.sum(sf.when(~is_return, units)), sf.lit(0)).alias("units"),
            _total(~is_return).alias("revenue"),
            sf.count_if(is_return).alias("returns"),
            _total(is_return).alias("refunded"),
        )
        .select(*GOLD_REVENUE_PER_MINUTE.column_names)
    )


def refresh_minutes(batch: DataFrame, lake: SparkLake) -> None:
    """Recompute from silver every minute and channel that a micro-batch of ``trades`` touches."""
    touched = batch.select("minute", "channel").distinct().persist()
    try:
        if touched.count():
            silver = (lake.read(table) for table in (SILVER_CLICKSTREAM_EVENTS, SILVER_POS_EVENTS))
            clicks, sales = (trades(events) for events in silver)
            affected = clicks.unionByName(sales).join(touched, touched.columns, "left_semi")
            lake.replace(GOLD_REVENUE_PER_MINUTE, revenue_per_minute(affected), touched)
    finally:
        touched.unpersist()


def _total(wanted: Column) -> Column:
    return sf.coalesce(sf.sum(sf.when(wanted, lines_total())), sf.lit(0)).cast("decimal(38,2)")
