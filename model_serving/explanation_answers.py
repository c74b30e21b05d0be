"""What the model server says of why it answers as it does."""

from __future__ import annotations

from pydantic import BaseModel, Field

from model_serving.answers import PredictionAnswer, RecommendationsAnswer


class FeatureContribution(BaseModel):
    """One feature of what the model was asked, and its Shapley value."""

    feature: str = Field(examples=["cart_value"])
    value: float | None = Field(description="null: not known", examples=[120.0])
    contribution: float = Field(description="what it adds", examples=[0.21])


class PredictionExplanation(BaseModel):
    """`base` and all contributions sum to the answer's probability."""

    answer: PredictionAnswer
    base: float = Field(description="mean probability of sessions that the model learned from", examples=[0.08])
    contributions: list[FeatureContribution] = Field(
        description="of every feature, largest first; none where the answer is the base rate"
    )


class ProductReasons(BaseModel):
    """Why one product is in the list, and where it is: `base`, the contributions and `others` sum to ln(score)."""

    product_id: str
    source: str = Field(description="of the item; nothing more is said of what the ranking did not place")
    sources: dict[str, float] = Field(
        description="who found it: what each says of it, 1 being what it says of the product that it likes best",
        examples=[{"co_visitation": 0.61, "session_neighbours": 0.2}],
    )
    base: float | None = Field(description="mean ln(score) of the candidates; null without a ranking", examples=[-1.9])
    contributions: list[FeatureContribution] = Field(
        description="of the ten features that move it most against the other candidates, largest first"
    )
    others: float = Field(description="what all other features add", examples=[0.03])


class RecommendationsExplanation(BaseModel):
    """A list as `POST /v1/recommendations` answers it now, what it was made from, and each item's reasons."""

    answer: RecommendationsAnswer
    recent: list[str] = Field(description="products that it is made from, latest first")
    past: list[str] = Field(description="products of the visitor's earlier sessions that count too, latest first")
    products: list[ProductReasons] = Field(description="of `answer.items`, in their order")
