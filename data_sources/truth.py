"""The ground truth of a run: what was sent, which faults were put in, which tastes and effects are behind it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from data_sources.bots import bot_ids
from data_sources.faults import Fault, Parcel
from data_sources.offers import ELASTICITIES, PROMOTION_LIFT
from data_sources.shop import Shop
from data_sources.stores import HEAT_LIFTS_PER_C, HOT_ABOVE_C, WET_VISIT_RATIO


@dataclass
class Tally:
    """Counts what was handed to the bus."""

    published: int = 0
    faults: Counter[Fault] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)

    def count(self, parcel: Parcel) -> None:
        """Count one parcel."""
        self.published += 1
        if parcel.fault is not None:
            self.faults[parcel.fault] += 1
        if parcel.reason is not None:
            self.rejected[str(parcel.reason)] += 1

    @property
    def accepted_expected(self) -> int:
        """Distinct valid events: everything but malformed messages and second copies."""
        return self.published - self.faults[Fault.MALFORMED] - self.faults[Fault.DUPLICATE]


def report_of(tally: Tally, sent: int) -> dict[str, Any]:
    """Return the counts: ``sent`` is what the bus acknowledged, the rest what was put in.

    Where everything was acknowledged, accepted_expected + duplicates_injected + the sum of rejected_injected = sent.
    """
    return {
        "sent": sent,
        "published": tally.published,
        "accepted_expected": tally.accepted_expected,
        "duplicates_injected": tally.faults[Fault.DUPLICATE],
        "rejected_injected": dict(sorted(tally.rejected.items())),
        "late_injected": tally.faults[Fault.LATE],
        "out_of_order_injected": tally.faults[Fault.OUT_OF_ORDER],
    }


def tastes_of(shop: Shop) -> dict[str, Any]:
    """Return the personas, and the persona of every visitor who came in; bots have the persona ``bot``."""
    personas = {
        persona.name: {
            "categories": {category: round(weight, 6) for category, weight in persona.category_weights.items()},
            "brands": sorted(persona.favourite_brands),
            "price_level": persona.price_level,
            "buying_ratio": persona.buying_ratio,
        }
        for persona in shop.personas
    }
    visitors = {visitor.visitor_id: visitor.persona.name for visitor in shop.door.everyone()}
    return {"personas": personas, "visitors": visitors | dict.fromkeys(bot_ids(), "bot")}


def experiment_of(shop: Shop) -> dict[str, Any]:
    """Return the experiment that was played and its variants whose click ratio is higher than the control's."""
    played = shop.settings.experiment
    return {"name": played.name, "better": [variant.name for variant in played.treatments]} if played else {}


def effects_of(shop: Shop) -> dict[str, Any]:
    """Return what moves demand, and by how much; nothing else does, neither competitors nor campaigns nor reviews.

    Units bought of what somebody chose go with (price / list price) to the power of minus the elasticity of the
    department, times ``promotion_lift`` where a promotion holds; in stores also times 1 + the category's heat lift
    for each degree above ``hot_above_c``. ``wet_visit_ratio`` of store visits are left when it rains or snows.
    ``ratings_deserved`` are the means of a product's ratings before they are cut to 1 to 5; ``refused_units`` is what
    could not be sold because it was out of stock.
    """
    return {
        "price_elasticities": dict(ELASTICITIES),
        "promotion_lift": PROMOTION_LIFT,
        "wet_visit_ratio": WET_VISIT_RATIO,
        "hot_above_c": HOT_ABOVE_C,
        "heat_lifts_per_c": dict(HEAT_LIFTS_PER_C),
        "ratings_deserved": shop.reviews.deserved,
        "refused_units": shop.market.stock.refused_units,
    }
