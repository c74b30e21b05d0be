"""What is known online of a visitor, of products and a customer, as the models read it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from feature_store.live.reader import Features, Presence
from feature_store.live.views import PRODUCT_ACTIVITY, product_activity, visitor_views
from feature_store.request_reader import RequestFeatures
from feature_store.stored_views import CUSTOMER, PRODUCT
from model_serving.list_query import Id

_MAX_PRODUCTS = 500


class FeaturesQuery(BaseModel):
    """Query parameters of ``GET /v1/features/{visitor_id}``."""

    model_config = ConfigDict(extra="forbid")

    product_id: list[Id] = Field(default=[], max_length=_MAX_PRODUCTS, description="repeatable")
    customer_id: Id | None = Field(default=None, description="who is logged in")


class ViewFeatures(BaseModel):
    """One view of one entity."""

    presence: Presence = Field(description="`missing`: nothing was ever seen; `expired`: older than the view's TTL")
    age_s: float | None = Field(
        description="since the last event, or the end of the day they are as of", examples=[0.1]
    )
    values: dict[str, Any] = Field(examples=[{"event_count": 7}])


class FeaturesAnswer(BaseModel):
    """Views by name: of the visitor and the customer, and of each product."""

    visitor_id: str
    read_at: datetime
    views: dict[str, ViewFeatures]
    products: dict[str, dict[str, ViewFeatures]]


def features_answer(visitor_id: str, query: FeaturesQuery, found: RequestFeatures) -> dict[str, Any]:
    """Return a ``FeaturesAnswer`` as plain values: with 500 products it has 30,000 of them."""
    views = {name: _shown(features) for name, features in visitor_views(found.live).items()}
    if found.customer:
        views[CUSTOMER.name] = _shown(found.customer)
    products = {
        product_id: {
            PRODUCT_ACTIVITY: _shown(product_activity(found.live, row)),
            PRODUCT.name: _shown(found.products[row]),
        }
        for row, product_id in enumerate(query.product_id)
    }
    return {"visitor_id": visitor_id, "read_at": found.live.at, "views": views, "products": products}


def _shown(features: Features) -> dict[str, Any]:
    age_s = None if features.age is None else round(features.age.total_seconds(), 3)
    return {"presence": features.presence, "age_s": age_s, "values": features.values}
