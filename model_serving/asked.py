"""One list that is asked for, by whatever route."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from model_serving.answers import VariantName
from model_serving.list_query import ListQuery
from model_serving.placements import MADE_FROM, Lead, Placement

_SHORTEST_WITH_NEWCOMER = 5


@dataclass(frozen=True)
class Asked:
    """A list for a placement, of ``product_ids`` or, where there are none and a visitor is needed, their latest."""

    request_id: str
    placement: Placement
    visitor_id: str | None
    product_ids: Sequence[str]
    wanted: ListQuery
    variant: VariantName | None = None

    @property
    def lead(self) -> Lead | None:
        """What comes before the model's own ranking."""
        return MADE_FROM[self.placement].lead

    @property
    def has_newcomer(self) -> bool:
        """Whether its last place may be for a product that nobody has touched yet: of a first page, not filtered."""
        may = MADE_FROM[self.placement].has_newcomer and self.wanted.limit >= _SHORTEST_WITH_NEWCOMER
        return may and not self.wanted.offset and not self.wanted.is_filtered

    @property
    def latest_of(self) -> str | None:
        """The visitor whose latest products are to be read, None where the request says enough."""
        needs_them = MADE_FROM[self.placement].needs_visitor and not self.product_ids
        return self.visitor_id if needs_them else None
