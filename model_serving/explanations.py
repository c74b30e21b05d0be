"""Why an answer is as it is: the answer is made once more, and what it was made from is explained."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ml_modeling.contributions import Contribution
from ml_modeling.recommender import CATALOGUE, NEWCOMER, RankedProduct, Recommender, Recommends
from ml_modeling.recommending.newcomers import Newcomers
from ml_modeling.recommending.product_facts import ProductFacts
from model_serving.answers import RecommendedProduct
from model_serving.asked import Asked
from model_serving.explanation_answers import (
    FeatureContribution,
    PredictionExplanation,
    ProductReasons,
    RecommendationsExplanation,
)
from model_serving.model_store import LoadedModel
from model_serving.online_reader import OnlineReader
from model_serving.placements import Lead
from model_serving.predictions import basis_of, predict_from
from model_serving.ranking import MadeEachTime
from model_serving.recommendations import recommend
from model_serving.requests import PredictionRequest
from model_serving.serving import Serving

if TYPE_CHECKING:
    from ml_modeling.ranking_reasons import RankingReasons

_SHOWN = 10
# The sources of items that no ranking placed.
_NOT_RANKED = {*Lead, CATALOGUE, NEWCOMER}


def explain_prediction(
    wanted: PredictionRequest, request_id: str, loaded: LoadedModel, online: OnlineReader
) -> PredictionExplanation:
    """Predict, and explain by the same features; raises ``NotReadyError`` where the model was saved without means."""
    basis = basis_of(wanted, online)
    [answer] = predict_from([basis], [wanted], request_id, loaded)
    if basis.features is None:
        return PredictionExplanation(answer=answer, base=answer.probability, contributions=[])
    found = loaded.model.contributions(basis.features)
    return PredictionExplanation(answer=answer, base=found.base, contributions=_shown(found.features))


def explain_recommendations(asked: Asked, loaded: LoadedModel | None, serving: Serving) -> RecommendationsExplanation:
    """Recommend, and explain the items by what the model was asked."""
    if loaded is None:
        answer = recommend(asked, None, serving).answer
        return RecommendationsExplanation(answer=answer, recent=[], past=[], products=_products(answer.items, {}))
    asking = _Asking(loaded.model)
    # A ranking that is kept would not ask the model.
    anew = replace(serving, rankings=MadeEachTime())
    answer = recommend(asked, replace(loaded, model=asking), anew).answer
    reasons = asking.reasons([item.product_id for item in answer.items if item.source not in _NOT_RANKED])
    return RecommendationsExplanation(
        answer=answer, recent=asking.recent, past=asking.past, products=_products(answer.items, reasons)
    )


class _Asking:
    """Recommends as ``model`` does, and keeps what it was asked last."""

    def __init__(self, model: Recommends) -> None:
        self._model = model
        self.recent: list[str] = []
        self.past: list[str] = []

    @property
    def product_ids(self) -> list[str]:
        return self._model.product_ids

    def recommend(
        self, recent: Sequence[str], limit: int, exclude: Collection[str] = (), past: Sequence[str] = ()
    ) -> list[RankedProduct]:
        self.recent, self.past = list(recent), list(past)
        return self._model.recommend(recent, limit, exclude, past)

    def first(self, limit: int, exclude: Collection[str] = ()) -> list[RankedProduct]:
        return self._model.first(limit, exclude)

    def newcomers(self, facts: Mapping[str, ProductFacts]) -> Newcomers:
        return self._model.newcomers(facts)

    def reasons(self, product_ids: Collection[str]) -> Mapping[str, RankingReasons]:
        """Return those of the ranking; co-visitation alone has none but the source."""
        if isinstance(self._model, Recommender):
            return {}
        # It compiles where it is imported first; here the model has done that.
        from ml_modeling.ranking_reasons import ranking_reasons  # noqa: PLC0415
        from ml_modeling.two_stage_recommender import TwoStageRecommender  # noqa: PLC0415

        assert isinstance(self._model, TwoStageRecommender)  # noqa: S101 - there is no third
        return ranking_reasons(self._model, self.recent, self.past, product_ids)


def _products(items: Iterable[RecommendedProduct], reasons: Mapping[str, RankingReasons]) -> list[ProductReasons]:
    return [_product(item, reasons.get(item.product_id)) for item in items]


def _product(item: RecommendedProduct, reasons: RankingReasons | None) -> ProductReasons:
    found = reasons.contributions if reasons else None
    features = found.features if found else []
    return ProductReasons(
        product_id=item.product_id,
        source=item.source,
        sources=dict(reasons.sources) if reasons else {},
        base=found.base if found else None,
        contributions=_shown(features[:_SHOWN]),
        others=sum(each.added for each in features[_SHOWN:]),
    )


def _shown(features: Iterable[Contribution]) -> list[FeatureContribution]:
    return [
        FeatureContribution(
            feature=each.feature,
            value=None if math.isnan(each.value) else each.value,
            contribution=each.added,
        )
        for each in features
    ]
