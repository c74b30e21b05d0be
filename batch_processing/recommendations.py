"""gold.recommendations: a list of products for each customer, by the model in use and the shop's rules."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from contracts.tables import GOLD_RECOMMENDATIONS
from data_lake.schemas import arrow_schema
from ml_modeling.business_rules import Barred
from ml_modeling.customer_lists import Histories, ListModel
from ml_modeling.list_filling import NO_PRODUCT, Each

LIST_LENGTH = 20
SCHEMA = arrow_schema(GOLD_RECOMMENDATIONS)


@dataclass(frozen=True)
class Scorer:
    """One version of a model, what it may not recommend, and the time that the rows are to bear."""

    model: ListModel
    model_name: str
    model_version: str
    barred: Barred
    scored_at: datetime

    def rows(self, histories: pa.RecordBatch) -> pa.RecordBatch:
        """Return the rows of ``gold.recommendations`` for rows of ``customer_histories``, in their order.

        A customer to whom nothing can be shown has none.
        """
        seen, bought = (_codes(histories.column(name), self._product_ids) for name in ("seen", "bought"))
        lists = self.model.lists(Histories(seen, bought), self._is_barred, LIST_LENGTH)
        customers, places = np.nonzero(lists.products != NO_PRODUCT)
        columns = {
            "customer_id": histories.column("customer_id").take(pa.array(customers)),
            "rank": pa.array((places + 1).astype(np.int32)),
            "product_id": self._product_ids.take(pa.array(lists.products[customers, places])),
            "score": pa.array(lists.scores[customers, places]),
            "source": pa.array(self.model.sources, pa.string()).take(pa.array(lists.sources[customers, places])),
            "model": pa.repeat(self.model_name, len(customers)),
            "model_version": pa.repeat(self.model_version, len(customers)),
            "scored_at": pa.repeat(pa.scalar(self.scored_at, SCHEMA.field("scored_at").type), len(customers)),
            "source_events": histories.column("source_events").take(pa.array(customers)),
        }
        return pa.RecordBatch.from_pydict(columns, SCHEMA)

    @property
    def can_recommend(self) -> bool:
        """Say whether there is a product that may be shown."""
        return not self._is_barred.all()

    @cached_property
    def _product_ids(self) -> pa.Array:
        return pa.array(self.model.product_ids, pa.string())

    @cached_property
    def _is_barred(self) -> NDArray[np.bool_]:
        marks = pc.is_in(self._product_ids, pa.array(sorted(self.barred.every()), pa.string()))
        is_barred: NDArray[np.bool_] = marks.to_numpy(zero_copy_only=False)
        return is_barred


def _codes(lists: pa.ListArray, product_ids: pa.Array) -> Each:
    """Return lists of ids as codes; what the model does not know is left out."""
    codes = pc.fill_null(pc.index_in(lists.flatten(), product_ids), NO_PRODUCT).to_numpy()
    is_known: NDArray[np.bool_] = codes != NO_PRODUCT
    known_before = np.concatenate([[0], np.cumsum(is_known)])
    ends = np.concatenate([[0], np.cumsum(pc.list_value_length(lists).to_numpy())])
    return Each(codes[is_known].astype(np.int32), known_before[ends].astype(np.int64))
