"""One list that is asked for, by whatever route."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from model_serving.list_query import ListQuery
from model_serving.placements import MADE_FROM, Lead, Placement


@dataclass(frozen=True)
class Asked:
    """A list for a placement, of ``product_ids`` or, where there are none and a visitor is needed, their latest."""

    request_id: str
    placement: Placement
    visitor_id: str | None
    product_ids: Sequence[str]
    wanted: ListQuery

    @property
    def lead(self) -> Lead | None:
        """What comes before the model's own ranking."""
        return MADE_FROM[self.placement].lead

    @property
    def latest_of(self) -> str | None:
        """The visitor whose latest products are to be read, None where the request says enough."""
        needs_them = MADE_FROM[self.placement].needs_visitor and not self.product_ids
        return self.visitor_id if needs_them else None
