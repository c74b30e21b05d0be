"""Brings gold.recommendations up to date in one commit: old lists that still hold, and new ones."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import pyarrow as pa

from batch_processing.customer_histories import customer_histories, known_customers
from batch_processing.recommendations import SCHEMA, Scorer
from batch_processing.stale_lists import StaleLists, stale_lists
from contracts.errors import NotReadyError
from contracts.tables import GOLD_RECOMMENDATIONS, SILVER_SESSIONS, SILVER_TRANSACTION_LINES
from data_lake.arrow_lake import ArrowLake
from data_lake.rewriting import Rewriting
from data_lake.sql import Rows, open_sql

# Bounds memory: the histories of so many are there at once.
_CUSTOMERS_AT_ONCE = 250_000
CUSTOMERS_A_BATCH = 2_000
_KEPT = "SELECT recommendations.* FROM recommendations SEMI JOIN up_to_date USING (customer_id)"

Batches = Iterable[pa.RecordBatch]
# Returns the rows of histories, batch by batch, in any order: in threads here, or on a cluster.
Engine = Callable[[Batches], Batches]


@dataclass(frozen=True)
class Scored:
    """What a run did with the lists of customers: made anew, left as they were, or dropped."""

    scored: int
    kept: int
    gone: int
    seconds: float


class RecommendationsRun:
    """Scores who needs it. ``watch`` passes batches of histories on, of so many customers in all, showing progress."""

    def __init__(
        self, lake: ArrowLake, scorer: Scorer, engine: Engine, watch: Callable[[Batches, int], Batches]
    ) -> None:
        lake.create_missing([SILVER_SESSIONS, SILVER_TRANSACTION_LINES, GOLD_RECOMMENDATIONS])
        self._lake = lake
        self._scorer = scorer
        self._engine = engine
        self._watch = watch
        # Before anything is read: who is erased after this changes the table, and so the rows are not written.
        self._recommendations = Rewriting(lake, GOLD_RECOMMENDATIONS)
        self._known_from: tuple[Rows, Rows] = (lake.scan(SILVER_SESSIONS), lake.scan(SILVER_TRANSACTION_LINES))

    def run(self) -> Scored:
        """Write what changed; nothing where nothing did.

        Raises ``NotReadyError`` where no customer is known or no product may be shown, and ``TableChangedError`` where
        another process wrote the table meanwhile.
        """
        started, known = time.perf_counter(), known_customers(*self._known_from)
        self._require(known)
        lists = stale_lists(self._recommendations.rows, known, self._scorer)
        if not lists.is_empty:
            self._recommendations.write(self._rows(lists))
        return Scored(len(lists.stale), len(lists.up_to_date), lists.gone, time.perf_counter() - started)

    def _require(self, known: pa.Table) -> None:
        if not len(known):
            msg = f"no session or sale under {self._lake.uri} names a customer: nobody to recommend anything to"
            raise NotReadyError(msg)
        if not self._scorer.can_recommend:
            name, version = self._scorer.model_name, self._scorer.model_version
            msg = f"each product that {name} version {version} knows is sold out or hidden: nothing to recommend"
            raise NotReadyError(msg)

    def _rows(self, lists: StaleLists) -> Iterator[pa.RecordBatch]:
        if len(lists.up_to_date):
            tables: dict[str, Rows] = {"recommendations": self._recommendations.rows, "up_to_date": lists.up_to_date}
            with open_sql(_KEPT, {}, **tables) as kept:
                yield from (batch.cast(SCHEMA) for batch in kept)
        scored = self._engine(self._watch(self._histories(lists.stale), len(lists.stale)))
        yield from (batch.cast(SCHEMA) for batch in scored)

    def _histories(self, customers: pa.Table) -> Iterator[pa.RecordBatch]:
        for first in range(0, len(customers), _CUSTOMERS_AT_ONCE):
            histories = customer_histories(*self._known_from, customers.slice(first, _CUSTOMERS_AT_ONCE))
            yield from histories.combine_chunks().to_batches(CUSTOMERS_A_BATCH)
