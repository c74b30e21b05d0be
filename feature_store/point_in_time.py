"""Which row of a feature table was the latest one at an instant: pure functions on Arrow columns.

They answer with row numbers, so that values of any type are then taken by Arrow untouched.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pyarrow as pa

from data_lake.sql import open_sql

_MICROSECOND = timedelta(microseconds=1)

_ONE_ROW_PER_KEY_AND_TIME = """
    SELECT * FROM history QUALIFY row_number() OVER (PARTITION BY key, at_us ORDER BY tie DESC, number DESC) = 1
"""
_AS_OF = f"""
    SELECT CASE WHEN asked.at_us - known.at_us <= $ttl THEN known.number END AS number
    FROM asked
    ASOF LEFT JOIN ({_ONE_ROW_PER_KEY_AND_TIME}) AS known ON asked.key = known.key AND asked.at_us >= known.at_us
    ORDER BY asked.number
"""  # noqa: S608 - made of constants
_LATEST = """
    SELECT number FROM history WHERE key IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY key ORDER BY at_us DESC, tie DESC, number DESC) = 1
    ORDER BY number
"""


@dataclass(frozen=True)
class History:
    """Rows of a feature table: their keys, their times and what orders rows of one key and time (or ``None``).

    All three have one length; times are ``timestamp``, of any unit, UTC.
    """

    keys: pa.ChunkedArray
    times: pa.ChunkedArray
    ties: pa.ChunkedArray | None = None

    def to_table(self) -> pa.Table:
        """Return the columns number, key, at_us (µs since 1970) and tie."""
        table = _numbered(self.keys, self.times)
        ties = pa.nulls(len(self.keys), pa.int64()) if self.ties is None else self.ties
        return table.append_column("tie", ties)


def rows_as_of(
    keys: pa.ChunkedArray, times: pa.ChunkedArray, history: History, ttl: timedelta | None
) -> pa.ChunkedArray:
    """For each key and time return the number of its latest row of ``history`` at that time, or null.

    Never a row later than the time; null as well where the latest one is older than ``ttl`` (``None`` or 0: no limit).
    """
    limit = ttl // _MICROSECOND if ttl else 2**62
    asked = _numbered(keys, times)
    return _query(_AS_OF, {"ttl": limit}, asked=asked, history=history.to_table())


def latest_rows(history: History) -> pa.ChunkedArray:
    """Return the number of each key's latest row; rows without a key do not count."""
    return _query(_LATEST, {}, history=history.to_table())


def _numbered(keys: pa.ChunkedArray, times: pa.ChunkedArray) -> pa.Table:
    at_us = times.cast(pa.timestamp("us", "UTC"), safe=False).cast(pa.int64())
    return pa.table({"number": np.arange(len(keys)), "key": keys, "at_us": at_us})


def _query(sql: str, parameters: dict[str, int], **tables: pa.Table) -> pa.ChunkedArray:
    with open_sql(sql, parameters, **tables) as answer:
        return answer.read_all()["number"]
