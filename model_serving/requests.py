"""What the model server accepts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field, create_model, model_validator

from contracts.tables import SESSION_FEATURE_NAMES

MAX_LIMIT = 100
_MAX_PRODUCTS = 100
# Before the first priced view there is no price.
NULLABLE_FEATURES = ("mean_viewed_price", "max_viewed_price")

Id = Annotated[str, Field(min_length=1, max_length=128)]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]


class RecommendationsQuery(BaseModel):
    """Query parameters of ``GET /v1/recommendations/{visitor_id}``."""

    model_config = ConfigDict(extra="forbid")

    product_id: list[Id] = Field(
        default=[],
        max_length=_MAX_PRODUCTS,
        description="products to recommend for, the most important first, in place of the visitor's latest; repeatable",
    )
    limit: int = Field(default=10, ge=1, le=MAX_LIMIT)
    exclude: list[Id] = Field(
        default=[], max_length=_MAX_PRODUCTS, description="products that must not come; repeatable"
    )
    max_per_brand: int | None = Field(default=None, ge=1, description="at most so many products of one brand")


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
