"""The ground truth of a run: what was sent, which faults were put in, whose tastes are behind it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from data_sources.bots import bot_ids
from data_sources.faults import Fault, Parcel
from data_sources.shop import Shop


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
