"""A ranking, and all that it is made from. Who asks, and when, is no part of it, so that one may serve many."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import NamedTuple, Protocol

import orjson

from ml_modeling.recommender import RankedProduct
from model_serving.answers import Fallback, Known
from model_serving.asked import Asked
from model_serving.list_query import ListQuery
from model_serving.model_source import ModelVersion
from model_serving.placements import Lead
from model_serving.product_facts import FactsByProduct, ProductFacts

# Raised whenever the shop's rules change, or the form of what is kept: servers of two releases share one Redis.
_RULES = 1
_FILTERS = tuple(ListQuery.model_fields)
_MOST_FACTS = 200
# Of so few products many visitors have just the same behind them.
_MOST_COMMON = 2


class Context(NamedTuple):
    """What was seen, latest first: in the last session, and before it; why that is nothing; what Redis had."""

    recent: list[str]
    past: list[str]
    fallback: Fallback | None
    known: Known | None

    @property
    def seen(self) -> list[str]:
        """All of it."""
        return [*self.recent, *self.past]


class Ranking(NamedTuple):
    """Products by the model, the shop's rules and the filters, cut to the page that is asked for.

    ``reason``: why they are no better. ``facts`` are those of every product that was considered, as they were then.
    """

    page: list[RankedProduct]
    reason: Fallback | None
    facts: Mapping[str, ProductFacts]

    @property
    def may_be_kept(self) -> bool:
        """Not one that lacks something because Redis was away, nor one of so many products that few fit in memory."""
        return self.reason != "online_store_unavailable" and len(self.facts) <= _MOST_FACTS


@dataclass(frozen=True)
class Basis:
    """All that a ranking is made from, but the facts of its products; ``leading`` comes before the model's own."""

    version: ModelVersion
    asked: Asked
    context: Context
    leading: Sequence[RankedProduct]

    @property
    def key(self) -> bytes:
        """16 bytes that no other basis has: model, variant, rules, what was seen, what leads, filters and page."""
        asked, context = self.asked, self.context
        parts = (
            *(_RULES, self.version, asked.variant and [asked.variant.experiment, asked.variant.name]),
            *(context.recent, context.past, context.fallback),
            *(asked.lead, [[each.product_id, each.score] for each in self.leading]),
            [getattr(asked.wanted, name) for name in _FILTERS],
        )
        return blake2b(orjson.dumps(parts), digest_size=16).digest()

    @property
    def is_common(self) -> bool:
        """Whether other visitors may well ask for the same. What trends now each server counts for itself."""
        context = self.context
        few = len(context.recent) <= _MOST_COMMON and not context.past and not self.asked.wanted.exclude
        return few and self.asked.lead is not Lead.LIVE_VIEWS


class Rankings(Protocol):
    """Where rankings come from."""

    def of(self, basis: Basis, make: Callable[[], Ranking]) -> Ranking:
        """Return the ranking of a basis, the one that ``make`` returns or one that is equal to it."""
        ...


class MadeEachTime:
    """Keeps none."""

    def of(self, basis: Basis, make: Callable[[], Ranking]) -> Ranking:  # noqa: ARG002 - of whatever basis
        """Make it."""
        return make()


class NotedFacts:
    """Facts of products, and of which products they were asked."""

    def __init__(self, products: FactsByProduct) -> None:
        self._products = products
        self.noted: dict[str, ProductFacts] = {}

    def of(self, ids: Sequence[str]) -> dict[str, ProductFacts]:
        """Return the facts of each product."""
        facts = self._products.of(ids)
        self.noted |= facts
        return facts
