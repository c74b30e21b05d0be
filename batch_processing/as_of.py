"""Features as of several instants in one pass over the events."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import pyarrow as pa


def before_each(events: str) -> str:
    """Return SQL for each row of the query ``events`` once per ``as_of`` it precedes.

    ``days_ago`` is the days, with fraction, from ``occurred_at`` to ``as_of``. The query reads the table ``as_ofs``.
    """
    return f"""
        SELECT events.*, as_of, {days_before("as_of", "occurred_at")} AS days_ago
        FROM ({events}) AS events JOIN as_ofs ON occurred_at < as_of
    """


def days_before(as_of: str, moment: str) -> str:
    """Return SQL for the days, with fraction, from ``moment`` to ``as_of``."""
    return f"(epoch_us({as_of}) - epoch_us({moment})) / 86_400_000_000"


def as_of_table(as_ofs: Iterable[datetime]) -> pa.Table:
    """Return the table ``as_ofs``: one column ``as_of``."""
    return pa.table({"as_of": pa.array(as_ofs, pa.timestamp("us", tz="UTC"))})
