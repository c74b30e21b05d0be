"""The models that batch scoring is measured with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.scoring_lake import baskets
from ml_modeling.baseline_recommender import fit
from ml_modeling.co_visitation_lists import CoVisitationLists
from ml_modeling.customer_lists import Histories, ListModel, empty_lists
from ml_modeling.list_filling import CustomerLists
from ml_modeling.two_stage_fitting import fit_two_stage
from ml_modeling.two_stage_lists import TwoStageLists

MODELS = ("co_visitation", "two_stage")


class ConstantLists:
    """A ``ListModel`` that gives everybody the same list: the ceiling."""

    sources = ("constant",)

    def __init__(self, product_ids: Sequence[str]) -> None:
        self.product_ids = product_ids

    def lists(self, histories: Histories, is_barred: NDArray[np.bool_], limit: int) -> CustomerLists:  # noqa: ARG002
        """Return the first products."""
        lists = empty_lists(len(histories.seen.offsets) - 1, limit)
        lists.products[:] = np.arange(limit)
        return lists


def fitted(name: str, sessions: int) -> ListModel:
    """Return one of ``MODELS``, learned from so many sessions."""
    learned_from = list(baskets(sessions))
    if name == "co_visitation":
        return CoVisitationLists(fit(np.full(sessions, np.datetime64("2026-11-01", "us")), learned_from))
    return TwoStageLists(fit_two_stage(learned_from)[0])
