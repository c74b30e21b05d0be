"""What the model server accepts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, create_model, field_validator, model_validator

from contracts.tables import SESSION_FEATURE_NAMES
from model_serving.list_query import Id, ListQuery
from model_serving.placements import MADE_FROM, MAX_PRODUCTS, Placement

MAX_LISTS = 50
MAX_PREDICTIONS = 200
# Before the first priced view there is no price.
NULLABLE_FEATURES = ("mean_viewed_price", "max_viewed_price")

Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]


class RecommendationsQuery(ListQuery):
    """Query parameters of ``GET /v1/recommendations/{visitor_id}``."""

    product_id: list[Id] = Field(
        default=[],
        max_length=MAX_PRODUCTS,
        description="products to recommend for, the most important first, in place of the visitor's latest; repeatable",
    )


class PageQuery(ListQuery):
    """Query parameters of a list that is the same for every visitor."""

    visitor_id: Id | None = Field(default=None, description="who is shown it; without, no impression is kept")


class RecommendationRequest(ListQuery):
    """Body of ``POST /v1/recommendations``: a list for a placement."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"placement": "session", "product_ids": ["p-12", "p-7"], "limit": 5},
                {"placement": "cart", "visitor_id": "v-17", "product_ids": ["p-12"], "in_stock": True},
                {"placement": "home", "visitor_id": "v-17", "category": ["shoes"], "max_price": 80},
            ]
        },
    )

    placement: Placement
    visitor_id: Id | None = Field(
        default=None,
        validate_default=True,
        description="who is shown it; without, no impression is kept. `home` needs one",
    )
    product_ids: list[Id] = Field(
        default=[],
        max_length=MAX_PRODUCTS,
        validate_default=True,
        description="the session's products, latest first; the cart's; the page's one. `trending` has none",
    )

    @field_validator("visitor_id")
    @classmethod
    def _require_visitor(cls, visitor_id: str | None, info: ValidationInfo) -> str | None:
        placement = info.data.get("placement")
        if placement is not None and visitor_id is None and MADE_FROM[placement].needs_visitor:
            msg = f"expected a visitor for placement {placement}"
            raise ValueError(msg)
        return visitor_id

    @field_validator("product_ids")
    @classmethod
    def _require_products(cls, product_ids: list[str], info: ValidationInfo) -> list[str]:
        placement = info.data.get("placement")
        if placement is None:
            return product_ids
        fewest, most = MADE_FROM[placement].fewest, MADE_FROM[placement].most
        if not fewest <= len(product_ids) <= most:
            numbers = f"{fewest}" if fewest == most else f"{fewest} to {most}"
            msg = f"expected {numbers} products for placement {placement}"
            raise ValueError(msg)
        return product_ids


class RecommendationsBatch(BaseModel):
    """Body of ``POST /v1/recommendations/batch``."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "requests": [
                        {"placement": "home", "visitor_id": "v-17"},
                        {"placement": "trending", "visitor_id": "v-17", "limit": 5},
                    ]
                }
            ]
        },
    )

    requests: list[RecommendationRequest] = Field(min_length=1, max_length=MAX_LISTS)


if TYPE_CHECKING:
    SessionFeatures = BaseModel
else:
    # One field per name of SESSION_FEATURE_NAMES: unknown and missing ones are named in the error.
    SessionFeatures = create_model(
        "SessionFeatures",
        __config__=ConfigDict(extra="forbid"),
        **{name: (Number | None if name in NULLABLE_FEATURES else Number, ...) for name in SESSION_FEATURE_NAMES},
    )


class PredictionRequest(BaseModel):
    """Body of ``POST /v1/purchase-prediction``: a visitor, or the features of a session themselves."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"visitor_id": "v-17"}, {"features": dict.fromkeys(SESSION_FEATURE_NAMES, 1)}],
        },
    )

    visitor_id: Id | None = None
    features: SessionFeatures | None = None

    @model_validator(mode="after")
    def _require_one(self) -> PredictionRequest:
        if (self.visitor_id is None) == (self.features is None):
            msg = "either visitor_id or features"
            raise ValueError(msg)
        return self


class PredictionsBatch(BaseModel):
    """Body of ``POST /v1/purchase-prediction/batch``."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"requests": [{"visitor_id": "v-17"}, {"visitor_id": "v-18"}]}]},
    )

    requests: list[PredictionRequest] = Field(min_length=1, max_length=MAX_PREDICTIONS)
