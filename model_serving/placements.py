"""The places of a shop that show a list, and what each list is made from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Placement(StrEnum):
    """Where a list is shown."""

    HOME = "home"
    SESSION = "session"
    SIMILAR = "similar"
    BOUGHT_TOGETHER = "bought_together"
    CART = "cart"
    TRENDING = "trending"


class Lead(StrEnum):
    """What comes before the model's own ranking; its name is the source of the items it brings."""

    BOUGHT_TOGETHER = "bought_together"
    LIVE_VIEWS = "live_views"


@dataclass(frozen=True)
class MadeFrom:
    """What a placement's list is made from.

    From ``fewest`` to ``most`` products of the request are the context of the model; where a visitor is needed and
    none are given, the visitor's latest. ``lead`` comes first, the model's ranking fills up; the last place may be
    for a product that nobody has touched yet (``has_newcomer``).
    """

    fewest: int
    most: int
    needs_visitor: bool = False
    lead: Lead | None = None
    has_newcomer: bool = False


MAX_PRODUCTS = 100
MADE_FROM = {
    Placement.HOME: MadeFrom(0, MAX_PRODUCTS, needs_visitor=True, has_newcomer=True),
    Placement.SESSION: MadeFrom(1, MAX_PRODUCTS, has_newcomer=True),
    Placement.SIMILAR: MadeFrom(1, 1, has_newcomer=True),
    Placement.BOUGHT_TOGETHER: MadeFrom(1, 1, lead=Lead.BOUGHT_TOGETHER),
    Placement.CART: MadeFrom(1, MAX_PRODUCTS, lead=Lead.BOUGHT_TOGETHER),
    Placement.TRENDING: MadeFrom(0, 0, lead=Lead.LIVE_VIEWS),
}
