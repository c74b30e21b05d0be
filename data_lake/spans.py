"""Few spans of time that hold many: what keeps a reader from opening files that cannot hold what it looks for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import reduce

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

# What is nearer than this lies in the same files anyway; more spans than these cost more to compare than they save.
_GAP_US = 3_600_000_000
_MOST_GAPS = 31

# The first and the last instant, both included.
Span = tuple[datetime, datetime]


def spans(starts: pa.ChunkedArray, ends: pa.ChunkedArray) -> Sequence[Span]:
    """Return at most 32 spans, in order, that hold every one from a start to its end; none of no times."""
    if not len(starts):
        return []
    first, last = microseconds(starts), microseconds(ends)
    order = np.argsort(first)
    first, last = first[order], np.maximum.accumulate(last[order])
    gaps = first[1:] - last[:-1]
    widest = np.argsort(-gaps, kind="stable")[:_MOST_GAPS]
    cuts = np.sort(widest[gaps[widest] > _GAP_US])
    bounds = zip(first[[0, *(cuts + 1)]], last[[*cuts, -1]], strict=True)
    return [(_moment(start), _moment(end)) for start, end in bounds]


def meets(lowest: pa.ChunkedArray, highest: pa.ChunkedArray, wanted: Sequence[Span]) -> pa.ChunkedArray:
    """Return for each pair of times whether what lies between them meets one of the spans; null where one is null."""
    tests = (pc.and_(pc.less_equal(lowest, end), pc.greater_equal(highest, start)) for start, end in wanted)
    return reduce(pc.or_, tests, pc.less(highest, lowest))


def within_sql(column: str, wanted: Sequence[Span]) -> str:
    """Return the condition that the time lies in one of the spans."""
    tests = [f"({column} BETWEEN '{start.isoformat()}' AND '{end.isoformat()}')" for start, end in wanted]
    return f"({' OR '.join(tests) or 'false'})"


def microseconds(times: pa.ChunkedArray) -> NDArray[np.int64]:
    """Return times as microseconds since 1970."""
    since_1970: NDArray[np.int64] = times.cast(pa.timestamp("us", tz="UTC")).cast(pa.int64()).to_numpy()
    return since_1970


def _moment(since_1970: np.int64) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(since_1970))
