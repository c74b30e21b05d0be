"""The model server: lists, predictions, why they are as they are, and online features."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from aisle_client.model_server_types import (
    FeaturesAnswer,
    Health,
    PredictionAnswer,
    PredictionExplanation,
    PredictionRequest,
    PredictionsBatchAnswer,
    RecommendationRequest,
    RecommendationsAnswer,
    RecommendationsBatchAnswer,
    RecommendationsExplanation,
)
from aisle_client.server import Server


class ModelServer(Server):
    """Safe to share between threads. Every call raises ``ProblemError`` and what httpx raises."""

    def recommend(self, request: RecommendationRequest) -> RecommendationsAnswer:
        """Return products for a placement, best first."""
        answer: RecommendationsAnswer = self._post("/v1/recommendations", request)
        return answer

    def recommend_all(self, requests: Sequence[RecommendationRequest]) -> RecommendationsBatchAnswer:
        """Return up to 50 lists at once, in the order of the requests."""
        answer: RecommendationsBatchAnswer = self._post("/v1/recommendations/batch", {"requests": list(requests)})
        return answer

    def explain_recommendations(self, request: RecommendationRequest) -> RecommendationsExplanation:
        """Return what ``recommend`` answers now, and why each product is there."""
        answer: RecommendationsExplanation = self._post("/v1/recommendations/explanation", request)
        return answer

    def predict_purchase(self, request: PredictionRequest) -> PredictionAnswer:
        """Return the probability that an order follows, for a visitor's session or for given features."""
        answer: PredictionAnswer = self._post("/v1/purchase-prediction", request)
        return answer

    def predict_purchases(self, requests: Sequence[PredictionRequest]) -> PredictionsBatchAnswer:
        """Return up to 200 predictions at once, in the order of the requests."""
        answer: PredictionsBatchAnswer = self._post("/v1/purchase-prediction/batch", {"requests": list(requests)})
        return answer

    def explain_purchase(self, request: PredictionRequest) -> PredictionExplanation:
        """Return what ``predict_purchase`` answers now, and what each feature adds."""
        answer: PredictionExplanation = self._post("/v1/purchase-prediction/explanation", request)
        return answer

    def features(
        self, visitor_id: str, product_ids: Sequence[str] = (), customer_id: str | None = None
    ) -> FeaturesAnswer:
        """Return what is known online of a visitor, products and a customer."""
        params = [("product_id", each) for each in product_ids]
        params += [] if customer_id is None else [("customer_id", customer_id)]
        answer: FeaturesAnswer = self._ask("GET", f"/v1/features/{quote(visitor_id, safe='')}", params=params)
        return answer

    def health(self) -> Health:
        """Return whether the server is ready, and if not, why."""
        answer: Health = self._ask("GET", "/health")
        return answer
