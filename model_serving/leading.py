"""What comes before the model's own ranking: what is bought together, what is viewed most now."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from feature_store.live.reader import Presence
from ml_modeling.recommender import RankedProduct, Recommends
from model_serving.answers import Fallback, Known
from model_serving.asked import Asked
from model_serving.placements import Lead
from model_serving.product_pairs import bought_with
from model_serving.serving import Serving


@dataclass(frozen=True)
class Leading:
    """Products that come first; where there are none, why; and what Redis had of them."""

    products: Sequence[RankedProduct] = ()
    reason: Fallback | None = None
    known: Known | None = None

    def before(self, ranked: list[RankedProduct], count: int) -> list[RankedProduct]:
        """Return at most ``count``: these, then those of ``ranked`` that are not among them."""
        if not self.products:
            return ranked
        first = {product.product_id for product in self.products}
        return [*self.products, *(product for product in ranked if product.product_id not in first)][:count]


NOTHING_LEADS = Leading()


def leading(asked: Asked, model: Recommends, serving: Serving) -> Leading:
    """Return what leads the list that is asked for."""
    return NOTHING_LEADS if asked.lead is None else _LEADS[asked.lead](asked, model, serving)


def _bought_together(asked: Asked, _model: Recommends, serving: Serving) -> Leading:
    products = bought_with(asked.product_ids, asked.wanted.exclude, serving.pairs)
    if products:
        return Leading(products)
    return Leading(reason="online_store_unavailable" if serving.pairs.is_away else "no_pairs")


def _live_views(asked: Asked, model: Recommends, serving: Serving) -> Leading:
    trend = serving.trending.now(lambda count: [product.product_id for product in model.recommend((), count)])
    if trend.at is None:
        return Leading(reason="online_store_unavailable")
    known = Known.of(Presence.PRESENT, serving.clock.now() - trend.at)
    exclude = set(asked.wanted.exclude)
    products = [product for product in trend.ranked if product.product_id not in exclude]
    return Leading(products, None if products else "no_live_views", known)


_LEADS: Mapping[Lead, Callable[[Asked, Recommends, Serving], Leading]] = {
    Lead.BOUGHT_TOGETHER: _bought_together,
    Lead.LIVE_VIEWS: _live_views,
}
