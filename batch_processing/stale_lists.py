"""Which customers need a new list: what is incremental about ``gold.recommendations``."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from batch_processing.recommendations import Scorer
from data_lake.sql import Rows, run_sql

_UP_TO_DATE = """
    SELECT customer_id
    FROM recommendations SEMI JOIN model USING (model, model_version) SEMI JOIN known USING (customer_id, source_events)
    WHERE rank = 1
    EXCEPT
    SELECT customer_id FROM recommendations SEMI JOIN barred USING (product_id)
"""
_STALE = "FROM known ANTI JOIN up_to_date USING (customer_id) ORDER BY customer_id"
_GONE = "SELECT count(*) AS gone FROM recommendations ANTI JOIN known USING (customer_id) WHERE rank = 1"


@dataclass(frozen=True)
class StaleLists:
    """``up_to_date``: ids of customers whose lists stay; ``stale``: rows of ``known_customers`` that need new ones.

    ``gone``: how many customers have a list and are known no more.
    """

    up_to_date: pa.Table
    stale: pa.Table
    gone: int

    @property
    def is_empty(self) -> bool:
        """Say whether every list stays as it is."""
        return not len(self.stale) and not self.gone


def stale_lists(recommendations: Rows, known: pa.Table, scorer: Scorer) -> StaleLists:
    """Return whose list differs from what ``scorer`` would make.

    It does where another version of the model made it, where the customer did something since, and where it holds a
    product that is barred now. A product that is barred no more comes back when the list is made anew for one of those.
    """
    model = pa.table({"model": [scorer.model_name], "model_version": [scorer.model_version]})
    barred = pa.table({"product_id": pa.array(sorted(scorer.barred.every()), pa.string())})
    tables: dict[str, Rows] = {"recommendations": recommendations, "known": known}
    up_to_date = run_sql(_UP_TO_DATE, **tables, model=model, barred=barred)
    [gone] = run_sql(_GONE, **tables)["gone"].to_pylist()
    return StaleLists(up_to_date, run_sql(_STALE, known=known, up_to_date=up_to_date), gone)
