"""The outcomes of an experiment by visitor, the unit that it assigns."""

from __future__ import annotations

import pyarrow as pa

from data_lake.sql import Rows, run_sql

_SUMS = """
    count(DISTINCT event_id)::DOUBLE AS lists,
    (count(DISTINCT event_id) FILTER (clicks > 0))::DOUBLE AS clicked_lists,
    if(sum(orders) > 0, 1, 0)::DOUBLE AS buyers,
    sum(revenue)::DOUBLE AS revenue
"""

_SQL = f"""
    WITH during AS (
        SELECT visitor_id, min(variant) AS variant, {_SUMS}
        FROM shown
        GROUP BY visitor_id
        HAVING min(variant) = max(variant)
    ),
    earlier AS (SELECT visitor_id, {_SUMS} FROM before GROUP BY visitor_id)
    SELECT
        during.visitor_id, variant, 1::DOUBLE AS visitors, during.* EXCLUDE (visitor_id, variant),
        coalesce(earlier.clicked_lists, 0) AS clicked_lists_before,
        coalesce(earlier.buyers, 0) AS buyers_before,
        coalesce(earlier.revenue, 0) AS revenue_before
    FROM during LEFT JOIN earlier USING (visitor_id)
    ORDER BY visitor_id
"""  # noqa: S608 - put together from constants

_SWITCHED = """
    SELECT count(*) AS visitors
    FROM (SELECT visitor_id FROM shown GROUP BY visitor_id HAVING min(variant) < max(variant))
"""


def visitor_outcomes(shown: Rows, before: Rows) -> pa.Table:
    """Return one row per visitor: variant, sums of what the experiment showed and of what was shown before it.

    Both are rows of ``gold.recommendation_outcomes``: ``shown`` those of the experiment, ``before`` any from a while
    before its start. Visitors whom different variants answered are left out.
    """
    return run_sql(_SQL, shown=shown, before=before)


def switched_visitors(shown: Rows) -> int:
    """Return how many visitors got more than one variant: more than a few say that the assignment is broken."""
    [row] = run_sql(_SWITCHED, shown=shown).to_pylist()
    return int(row["visitors"])
