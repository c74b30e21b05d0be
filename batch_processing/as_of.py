"""Features as of several instants in one pass over the events."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F


def before_each(as_ofs: Sequence[datetime], events: DataFrame) -> DataFrame:
    """Return every event once for each ``as_of`` it precedes, with that ``as_of`` as a column."""
    each = F.explode(F.array(*(F.lit(as_of) for as_of in as_ofs))).alias("as_of")
    return events.where(F.col("occurred_at") < max(as_ofs)).select("*", each).where("occurred_at < as_of")


def days_before(moment: Column) -> Column:
    """Return the days, with fraction, from ``moment`` to the group's ``as_of``."""
    return (F.unix_micros("as_of") - F.unix_micros(moment)) / F.lit(86_400_000_000.0)


def within_days(days: int) -> Column:
    """Say whether an event lies in the last ``days`` days before ``as_of``."""
    return F.col("occurred_at") >= F.col("as_of") - F.expr(f"INTERVAL {days} DAYS")
