"""SQL over ``counts``, the rows of ``silver.event_counts_daily``: the ``source_events`` of each ``date``."""

from __future__ import annotations


def of_day(counted: str) -> str:
    """Return SQL for the events of each day that has any."""
    return f"SELECT date, source_events FROM counts WHERE counted = '{counted}'"


def up_to_day(counted: str) -> str:
    """Return SQL for the events up to the end of each day that has any: a late one makes every day after it stale."""
    running = "(sum(source_events) OVER (ORDER BY date))::BIGINT AS source_events"
    return f"SELECT date, {running} FROM counts WHERE counted = '{counted}'"
